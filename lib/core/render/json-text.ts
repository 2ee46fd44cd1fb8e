// Reads JSON text the strict way: places of all mappings, duplicate keys and rounded numbers refused, several values in a row allowed.
import type { Json } from '../json.ts';
import { type Fault, maxLevels, type Parsed, type ParseResult, roundedNumber, unsafeKey } from './document.ts';
import { exactInteger } from './scalar.ts';

/** Stops reading; caught in this file. */
class Stop {
  readonly fault: Fault;
  constructor(code: string, message: string, offset: number) {
    this.fault = { code, message, offset };
  }
}

const space = /[ \t\r\n]*/y;
/** What ends or interrupts a string; found one at a time, because a pattern over all of it would need a stack as deep as the text. */
const inString = /["\\\n\t]/g;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const number = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const word = /true|false|null/y;

class JsonReader {
  readonly text: string;
  readonly places = new Map<object, number>();
  at = 0;
  #level = 0;

  constructor(text: string) {
    this.text = text;
  }

  skip(): void {
    space.lastIndex = this.at;
    space.exec(this.text);
    this.at = space.lastIndex;
  }

  value(): Json {
    const first = this.text[this.at];
    if (first === '{') return this.#object();
    if (first === '[') return this.#list();
    if (first === '"') return this.#string();
    word.lastIndex = this.at;
    const literal = word.exec(this.text)?.[0];
    if (literal !== undefined) {
      this.at = word.lastIndex;
      return literal === 'null' ? null : literal === 'true';
    }
    return this.#number();
  }

  #enter(): void {
    this.#level += 1;
    if (this.#level > maxLevels) throw new Stop('YamlTooDeep', `nested deeper than ${maxLevels} levels`, this.at);
    this.at += 1;
    this.skip();
  }

  #object(): Json {
    const start = this.at;
    const object: Record<string, Json> = {};
    this.places.set(object, start);
    this.#enter();
    while (this.text[this.at] !== '}') {
      const keyAt = this.at;
      if (this.text[this.at] !== '"') throw this.#unexpected('a key in double quotes, or }');
      const key = this.#string();
      if (key === unsafeKey) throw new Stop('YamlKey', `the key ${unsafeKey} is not accepted`, keyAt);
      if (Object.hasOwn(object, key)) throw new Stop('YamlDuplicateKey', `the key "${key}" is there twice`, keyAt);
      this.skip();
      if (this.text[this.at] !== ':') throw this.#unexpected('":" after a key');
      this.at += 1;
      this.skip();
      object[key] = this.value();
      this.#separator('}');
    }
    this.at += 1;
    this.#level -= 1;
    return object;
  }

  #list(): Json {
    const list: Json[] = [];
    this.#enter();
    while (this.text[this.at] !== ']') {
      list.push(this.value());
      this.#separator(']');
    }
    this.at += 1;
    this.#level -= 1;
    return list;
  }

  #separator(close: string): void {
    this.skip();
    if (this.text[this.at] === close) return;
    if (this.text[this.at] !== ',') throw this.#unexpected(`"," or "${close}"`);
    this.at += 1;
    this.skip();
    if (this.text[this.at] === close) throw this.#unexpected('a value after ","');
  }

  #string(): string {
    const start = this.at;
    if (this.text[start] !== '"') throw this.#unexpected('a string');
    for (inString.lastIndex = start + 1; ; ) {
      const found = inString.exec(this.text);
      if (found?.[0] === '"') break;
      escape.lastIndex = found?.index ?? this.text.length;
      if (!escape.test(this.text)) throw this.#unexpected('a string that ends on its line');
      inString.lastIndex = escape.lastIndex;
    }
    this.at = inString.lastIndex;
    const written = this.text.slice(start, this.at);
    // Half of a surrogate pair cannot be written as UTF-8; kubectl replaces it as well.
    return written.includes('\\') ? (JSON.parse(written) as string).toWellFormed() : written.slice(1, -1);
  }

  #number(): Json {
    number.lastIndex = this.at;
    const match = number.exec(this.text);
    if (match === null) throw this.#unexpected('a value');
    const value = match[1] === undefined && match[2] === undefined ? exactInteger(BigInt(match[0])) : Number(match[0]);
    if (value === undefined || !Number.isFinite(value)) throw new Stop('YamlNumber', roundedNumber(match[0]), this.at);
    this.at = number.lastIndex;
    return value + 0;
  }

  #unexpected(wanted: string): Stop {
    const found = this.text[this.at];
    const what =
      found === undefined ? 'the end of the file' : found < ' ' ? 'a control character or line end' : `"${found}"`;
    return new Stop('JsonSyntax', `expected ${wanted}, found ${what}`, this.at);
  }
}

/** Reads one or several JSON values with white space between them. */
export function parseJsonText(text: string): ParseResult {
  const reader = new JsonReader(text);
  const parsed: Parsed[] = [];
  try {
    for (reader.skip(); reader.at < text.length; reader.skip()) {
      const offset = reader.at;
      parsed.push({ value: reader.value(), offset, places: reader.places });
    }
    return { kind: 'parsed', parsed };
  } catch (stop) {
    if (!(stop instanceof Stop)) throw stop;
    return { kind: 'faults', faults: [stop.fault] };
  }
}
