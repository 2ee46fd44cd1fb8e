// A quick reader for the YAML that nearly all manifests are written in. It reads what it is sure of and gives up on everything
// else, so that the full reader decides; a differential test holds the two together.
import type { Json } from '../json.ts';
import { maxLevels, type Parsed, unsafeKey } from './document.ts';
import { keyText, resolvePlain } from './scalar.ts';

/** Thrown to hand the document to the full reader; never leaves this file. */
const giveUp = { reason: 'not plain enough' };

const plainKey = /[A-Za-z0-9_./$(<][^\s:#"'{}[\],&*!|>%@`?]*(?=:[ \n])/y;
const quotedKey = /(?:"([^"\\\n\t]*)"|'([^'\n\t]*)')(?=:[ \n])/y;
const single = /'((?:[^'\n\t]|'')*)'/y;
const double = /"((?:[^"\\\n\t]|\\["\\bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})*)"/y;
const blockHeader = /([|>])(-?)(?: +(?:#.*)?)?\n/y;
const flowPlain = /[A-Za-z0-9_./$][^,[\]{}:#"'\n\t&*!|>%@`?]*/y;
const lineRest = /[^\n]*/y;
/** A plain scalar that goes on in the next line, or holds what could be a key or a comment, is not for us. */
const oddPlain = /: |:$| #|\t/;
const plainStart = /[^\s\-?:,[\]{}#&*!|>'"%@`]|-[^\s]/y;

class FastReader {
  readonly text: string;
  readonly places = new Map<object, number>();
  readonly #keys = new Map<string, string>();
  at = 0;
  /** Column of the next content (0 is the left margin), or -1 at the end. Valid after `#next`. */
  #column = 0;
  #level = 0;

  constructor(text: string) {
    this.text = text;
  }

  document(): Parsed | undefined {
    if (this.text.startsWith('---')) this.#line();
    this.#next();
    if (this.#column < 0) return undefined;
    const offset = this.at;
    const value = this.#node(-1);
    if (this.#column >= 0) throw giveUp;
    return { value, offset, places: this.places };
  }

  #line(): string {
    lineRest.lastIndex = this.at;
    const line = lineRest.exec(this.text)?.[0] ?? '';
    this.at = lineRest.lastIndex + 1;
    return line;
  }

  /** To the next content: over blank lines and comments, standing at a line's start. */
  #next(): void {
    const { text } = this;
    for (;;) {
      let at = this.at;
      while (text.charCodeAt(at) === 0x20) at += 1;
      const code = text.charCodeAt(at);
      if (Number.isNaN(code)) {
        this.#column = -1;
        return;
      }
      if (code === 0x0a) this.at = at + 1;
      else if (code === 0x23) this.at = this.#after(at);
      else if (code === 0x09) throw giveUp;
      else {
        this.#column = at - this.at;
        // The mark that ends a document: what may follow it is for the full reader.
        if (this.#column === 0 && text.startsWith('...', at)) throw giveUp;
        this.at = at;
        return;
      }
    }
  }

  #after(at: number): number {
    const end = this.text.indexOf('\n', at);
    return end < 0 ? this.text.length : end + 1;
  }

  #isDash(): boolean {
    const after = this.text.charCodeAt(this.at + 1);
    return this.text.charCodeAt(this.at) === 0x2d && (after === 0x20 || after === 0x0a);
  }

  /** A value that begins its line, inside something at column `parent`. */
  #node(parent: number): Json {
    const column = this.#column;
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
      if (this.#column < column) return object;
      if (this.#column > column) throw giveUp;
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
    this.at = this.#after(this.at);
    this.#next();
    if (this.#column > column) return this.#node(column);
    return this.#column === column && this.#isDash() ? this.#sequence(column) : null;
  }

  #sequence(column: number): Json {
    const list: Json[] = [];
    this.#level += 1;
    if (this.#level > maxLevels) throw giveUp;
    while (this.#column === column && this.#isDash()) {
      list.push(this.#item(column));
    }
    if (this.#column > column) throw giveUp;
    this.#level -= 1;
    return list;
  }

  #item(column: number): Json {
    const dash = this.at;
    this.at += 1;
    while (this.text.charCodeAt(this.at) === 0x20) this.at += 1;
    const code = this.text.charCodeAt(this.at);
    if (code === 0x0a || code === 0x23) {
      this.at = this.#after(this.at);
      this.#next();
      return this.#column > column ? this.#node(column) : null;
    }
    this.#column = column + this.at - dash;
    return this.#node(column);
  }

  /** A scalar or flow collection in the rest of a line, below something at column `parent`. */
  #inline(parent: number): Json {
    const code = this.text.charCodeAt(this.at);
    if (code === 0x7c || code === 0x3e) return this.#block(parent);
    if (code === 0x22 || code === 0x27 || code === 0x7b || code === 0x5b) {
      const value = this.#flow(0);
      this.#endOfLine();
      this.#next();
      return value;
    }
    plainStart.lastIndex = this.at;
    if (!plainStart.test(this.text)) throw giveUp;
    let text = this.#line();
    if (text.includes(' #')) text = text.slice(0, text.indexOf(' #'));
    text = text.trimEnd();
    if (oddPlain.test(text)) throw giveUp;
    this.#next();
    // More indented: the scalar goes on.
    if (this.#column > parent) throw giveUp;
    const value = resolvePlain(text);
    if (value === undefined) throw giveUp;
    return value;
  }

  #endOfLine(): void {
    const start = this.at;
    const rest = this.#line();
    const trimmed = rest.trimStart();
    if (trimmed === '') return;
    if (!trimmed.startsWith('#') || rest.startsWith('#') || rest.includes('\t')) {
      this.at = start;
      throw giveUp;
    }
  }

  /** Quoted text, or a flow collection that fits in its line. */
  #flow(depth: number): Json {
    const code = this.text.charCodeAt(this.at);
    if (code === 0x22 || code === 0x27) return this.#quoted(code);
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

  #quoted(code: number): string {
    const pattern = code === 0x22 ? double : single;
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    const body = match?.[1];
    if (match === null || body === undefined) throw giveUp;
    this.at = pattern.lastIndex;
    if (code === 0x27) return body.replaceAll("''", "'");
    return body.includes('\\') ? (JSON.parse(match[0]) as string) : body;
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

  /** `|`, `|-`, `>`, `>-` without an explicit indentation. */
  #block(parent: number): Json {
    blockHeader.lastIndex = this.at;
    const header = blockHeader.exec(this.text);
    // At the left margin the lines of a block may be marks that end the document.
    if (header === null || parent < 0) throw giveUp;
    this.at = blockHeader.lastIndex;
    const lines = this.#blockLines(parent);
    const [, style, chomp] = header;
    let last = lines.length;
    while (last > 0 && lines[last - 1] === '') last -= 1;
    const content = lines.slice(0, last);
    if (style === '>' && content.some((line) => line.startsWith(' ') || line.startsWith('\t'))) throw giveUp;
    const text = style === '|' ? content.join('\n') : fold(content);
    this.#next();
    return last === 0 || chomp === '-' ? text : `${text}\n`;
  }

  #blockLines(parent: number): string[] {
    const { text } = this;
    const lines: string[] = [];
    let indent = -1;
    while (this.at < text.length) {
      let column = 0;
      while (text.charCodeAt(this.at + column) === 0x20) column += 1;
      const code = text.charCodeAt(this.at + column);
      if (code === 0x0a) {
        // Blank lines before the first content may decide the indentation; more blanks than it are content.
        if (indent < 0 && column > 0) throw giveUp;
        lines.push(indent >= 0 && column > indent ? ' '.repeat(column - indent) : '');
        this.at += column + 1;
        continue;
      }
      if (code === 0x09 && (indent < 0 || column < indent)) throw giveUp;
      if (indent < 0 && column > parent) indent = column;
      if (indent < 0 || column < indent) {
        if (column > parent && indent >= 0) throw giveUp;
        return lines;
      }
      lines.push(text.slice(this.at + indent, this.#after(this.at + column) - 1));
      this.at = this.#after(this.at + column);
    }
    return lines;
  }
}

/** Lines next to each other become one, blank lines become line ends. */
function fold(lines: readonly string[]): string {
  let text = '';
  let blank = 0;
  let first = true;
  for (const line of lines) {
    if (line === '') blank += 1;
    else {
      text += first ? '\n'.repeat(blank) : blank === 0 ? ' ' : '\n'.repeat(blank);
      text += line;
      blank = 0;
      first = false;
    }
  }
  return text;
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
