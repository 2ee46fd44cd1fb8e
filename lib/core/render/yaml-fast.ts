// A quick reader for the YAML that nearly all manifests are written in. It reads what it is sure of and gives up on everything
// else, so that the full reader decides; a differential test holds the two together.
import type { Json } from '../json.ts';
import { maxLevels, type Parsed, unsafeKey } from './document.ts';
import { keyText, resolvePlain } from './scalar.ts';
import { FastScalars, giveUp } from './yaml-fast-scalars.ts';

const plainKey = /[A-Za-z0-9_./$(<][^\s:#"'{}[\],&*!|>%@`?]*(?=:[ \n])/y;
const quotedKey = /(?:"([^"\\\n\t]*)"|'([^'\n\t]*)')(?=:[ \n])/y;
const flowPlain = /[A-Za-z0-9_./$][^,[\]{}:#"'\n\t&*!|>%@`?]*/y;

class FastReader extends FastScalars {
  readonly places = new Map<object, number>();
  readonly #keys = new Map<string, string>();
  #level = 0;

  document(): Parsed | undefined {
    if (this.text.startsWith('---')) this.line();
    this.next();
    if (this.column < 0) return undefined;
    const offset = this.at;
    const value = this.#node(-1);
    if (this.column >= 0) throw giveUp;
    return { value, offset, places: this.places };
  }

  #isDash(): boolean {
    const after = this.text.charCodeAt(this.at + 1);
    return this.text.charCodeAt(this.at) === 0x2d && (after === 0x20 || after === 0x0a);
  }

  /** A value that begins its line, inside something at column `parent`. */
  #node(parent: number): Json {
    const column = this.column;
    this.#level += 1;
    if (this.#level > maxLevels) throw giveUp;
    let value: Json;
    if (this.#isDash()) value = this.#sequence(column);
    else {
      const start = this.at;
      const key = this.#key();
      value = key === undefined ? this.#inline(parent) : this.#mapping(column, key, start);
    }
    this.#level -= 1;
    return value;
  }

  /** The key here, if this is one; stands behind its colon then. */
  #key(): string | undefined {
    plainKey.lastIndex = this.at;
    const plain = plainKey.exec(this.text)?.[0];
    if (plain !== undefined) {
      // Longer keys are errors to the parser that kubectl uses.
      if (plain === '<<' || plain.length > 500) throw giveUp;
      this.at = plainKey.lastIndex + 1;
      return this.#resolvedKey(plain);
    }
    quotedKey.lastIndex = this.at;
    const quoted = quotedKey.exec(this.text);
    if (quoted === null) return undefined;
    this.at = quotedKey.lastIndex + 1;
    const text = quoted[1] ?? quoted[2] ?? '';
    if (text === unsafeKey || text.length > 500) throw giveUp;
    return text;
  }

  #resolvedKey(plain: string): string {
    const known = this.#keys.get(plain);
    if (known !== undefined) return known;
    const text = keyText(resolvePlain(plain), plain);
    if (text === undefined || text === unsafeKey) throw giveUp;
    this.#keys.set(plain, text);
    return text;
  }

  #mapping(column: number, firstKey: string, start: number): Json {
    const object: Record<string, Json> = {};
    this.places.set(object, start);
    let key = firstKey;
    for (;;) {
      if (Object.hasOwn(object, key)) throw giveUp;
      object[key] = this.#valueOf(column);
      if (this.column < column) return object;
      if (this.column > column) throw giveUp;
      const next = this.#key();
      if (next === undefined) throw giveUp;
      key = next;
    }
  }

  /** The value of a key at `column`; afterwards stands at the next content. */
  #valueOf(column: number): Json {
    while (this.text.charCodeAt(this.at) === 0x20) this.at += 1;
    const code = this.text.charCodeAt(this.at);
    if (code !== 0x0a && code !== 0x23) return this.#inline(column);
    this.at = this.after(this.at);
    this.next();
    if (this.column > column) return this.#node(column);
    return this.column === column && this.#isDash() ? this.#sequence(column) : null;
  }

  #sequence(column: number): Json {
    const list: Json[] = [];
    this.#level += 1;
    if (this.#level > maxLevels) throw giveUp;
    while (this.column === column && this.#isDash()) {
      list.push(this.#item(column));
    }
    if (this.column > column) throw giveUp;
    this.#level -= 1;
    return list;
  }

  #item(column: number): Json {
    const dash = this.at;
    this.at += 1;
    while (this.text.charCodeAt(this.at) === 0x20) this.at += 1;
    const code = this.text.charCodeAt(this.at);
    if (code === 0x0a || code === 0x23) {
      this.at = this.after(this.at);
      this.next();
      return this.column > column ? this.#node(column) : null;
    }
    this.column = column + this.at - dash;
    return this.#node(column);
  }

  /** A scalar or flow collection in the rest of a line, below something at column `parent`. */
  #inline(parent: number): Json {
    const code = this.text.charCodeAt(this.at);
    if (code === 0x7c || code === 0x3e) return this.block(parent);
    if (code === 0x22 || code === 0x27 || code === 0x7b || code === 0x5b) {
      const value = this.#flow(0, parent);
      this.endOfLine();
      this.next();
      return value;
    }
    return this.plainValue(parent);
  }

  /** Quoted text, or a flow collection that fits in its line. */
  #flow(depth: number, parent = -1): Json {
    const code = this.text.charCodeAt(this.at);
    if (code === 0x22 || code === 0x27) return this.quoted(code, depth, parent);
    if (depth > 20) throw giveUp;
    if (code === 0x5b) return this.#flowList(depth);
    if (code === 0x7b) return this.#flowMap(depth);
    flowPlain.lastIndex = this.at;
    const plain = flowPlain.exec(this.text)?.[0];
    if (plain === undefined) throw giveUp;
    this.at = flowPlain.lastIndex;
    const value = resolvePlain(plain.trimEnd());
    if (value === undefined) throw giveUp;
    return value;
  }

  #spaces(): number {
    while (this.text.charCodeAt(this.at) === 0x20) this.at += 1;
    return this.text.charCodeAt(this.at);
  }

  #flowList(depth: number): Json {
    const list: Json[] = [];
    this.at += 1;
    if (this.#spaces() === 0x5d) {
      this.at += 1;
      return list;
    }
    for (;;) {
      list.push(this.#flow(depth + 1));
      const code = this.#spaces();
      this.at += 1;
      if (code === 0x5d) return list;
      if (code !== 0x2c) throw giveUp;
      this.#spaces();
    }
  }

  #flowMap(depth: number): Json {
    const object: Record<string, Json> = {};
    this.places.set(object, this.at);
    this.at += 1;
    if (this.#spaces() === 0x7d) {
      this.at += 1;
      return object;
    }
    for (;;) {
      const key = this.#key();
      if (key === undefined || Object.hasOwn(object, key)) throw giveUp;
      if (this.#spaces() === 0x0a) throw giveUp;
      object[key] = this.#flow(depth + 1);
      const code = this.#spaces();
      this.at += 1;
      if (code === 0x7d) return object;
      if (code !== 0x2c) throw giveUp;
      this.#spaces();
    }
  }
}

/**
 * Reads one document whose text ends with a line end and holds no carriage return. `undefined`: not for this reader;
 * `empty`: nothing but comments.
 */
export function parseFast(text: string): Parsed | 'empty' | undefined {
  try {
    return new FastReader(text).document() ?? 'empty';
  } catch (thrown) {
    if (thrown !== giveUp) throw thrown;
    return undefined;
  }
}
