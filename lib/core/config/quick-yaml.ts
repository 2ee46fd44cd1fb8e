// Reads the plain part of YAML that config files are made of, some ten times faster than a whole YAML reader: block mappings and
// lists, one-line flow collections, one-line scalars, comments. Whatever else there is, or is wrong, is left to the whole reader:
// this one answers only what that one would answer too (a test holds them against each other).
import { documentLimits, type Member, type ReadResult } from './document.ts';

/** Stops this reader; never leaves this file. */
class NotPlain {
  readonly reason = 'more than plain YAML';
}

/** Control characters and such that YAML treats in ways of its own. */
const unusual = /[^\P{Cc}\n]|[\u2028\u2029\ufeff]/u;
const keyForm = /([A-Za-z_][\w./-]*):(?: +|(?=\n)|$)/y;
const blankForm = /(?: *(?:#[^\n]*)?\n)*/y;
const lineEndForm = / *(?: #[^\n]*)?(?:\n|$)/y;
const blockScalarForm = /[A-Za-z0-9_./^~+=<$(](?:[\x21-\x22\x24-\x39\x3b-\x7e]|:(?=[^\s])|#(?<=[^ ]#)| +(?=[^\s#:]))*/y;
const flowScalarForm = /[A-Za-z0-9_./^~+=<$(](?:[\w./^~+=<>$()@;*?-]|:(?=[\w./:-])| +(?=[\w./^~+=<>$()@;*?-]))*/y;
const doubleQuotedForm = /"([^"\\\n]*)"/y;
const singleQuotedForm = /'([^'\n]*)'/y;
const reserved = /^(?:__proto__|constructor|prototype|[Nn]ull|NULL)$/;

const numberForm = /^\+?(?:[0-9]+|(?:\.[0-9]+|[0-9]+\.[0-9]*)|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+)$/;

/** What an unquoted scalar means in YAML 1.2 core. */
function plainValue(text: string): unknown {
  if (/^[0-9.+]/.test(text)) {
    if (numberForm.test(text)) return Number(text);
    // Other bases, infinities: seldom, and easily wrong.
    if (/^(?:0[ox]|\+?\.(?:inf|nan))/i.test(text)) throw new NotPlain();
    return text;
  }
  switch (text) {
    case 'true':
    case 'True':
    case 'TRUE':
      return true;
    case 'false':
    case 'False':
    case 'FALSE':
      return false;
    case '~':
    case 'null':
    case 'Null':
    case 'NULL':
      return null;
    default:
      return text;
  }
}

/** A value where it stands. */
interface Found {
  readonly value: unknown;
  readonly at: number;
  readonly written?: string;
}

class QuickReader {
  readonly members = new Map<object, Member[]>();
  readonly #text: string;
  /** Start of the token in hand. */
  #at = 0;
  /** Start of the line in hand. */
  #lineAt = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The root mapping. */
  root(): Found {
    this.#toContent();
    if (this.#indent() !== 0) throw new NotPlain();
    const at = this.#at;
    const value = this.#mapping(0);
    if (this.#at < this.#text.length) throw new NotPlain();
    return { value, at };
  }

  /** Indentation of the token in hand. */
  #indent(): number {
    return this.#at >= this.#text.length ? -1 : this.#at - this.#lineAt;
  }

  #match(form: RegExp): RegExpExecArray | null {
    form.lastIndex = this.#at;
    return form.exec(this.#text);
  }

  /** From the start of a line to the first thing that is not blank or a comment. */
  #toContent(): void {
    this.#lineAt = this.#at + (this.#match(blankForm)?.[0].length ?? 0);
    this.#at = this.#lineAt;
    while (this.#text[this.#at] === ' ') this.#at += 1;
    // What is left of a file without a line end: blanks, or a comment.
    if (this.#text[this.#at] === '#') this.#at = this.#text.length;
  }

  /** Past the end of the line, which must hold nothing more than a comment; false when it holds more. */
  #lineEnds(): boolean {
    const end = this.#match(lineEndForm);
    if (end === null) return false;
    this.#at += end[0].length;
    this.#toContent();
    return true;
  }

  #isItem(): boolean {
    return this.#text[this.#at] === '-' && this.#text[this.#at + 1] === ' ';
  }

  #deeper<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > documentLimits.depth) throw new NotPlain();
    const result = read();
    this.#depth -= 1;
    return result;
  }

  /** A block collection that begins at the token in hand. */
  #block(): Found {
    const at = this.#at;
    const indent = this.#indent();
    return { at, value: this.#deeper(() => (this.#isItem() ? this.#list(indent) : this.#mapping(indent))) };
  }

  #mapping(indent: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    const members: Member[] = [];
    this.members.set(value, members);
    do {
      const key = this.#key(value);
      const keyAt = this.#at;
      this.#at += key.length;
      const found = this.#mappingValue(indent);
      value[key.name] = found.value;
      members.push(member(key.name, keyAt, found));
    } while (this.#indent() === indent && !this.#isItem());
    if (this.#indent() > indent) throw new NotPlain();
    return value;
  }

  #key(holder: object): { readonly name: string; readonly length: number } {
    const match = this.#match(keyForm);
    const name = match?.[1];
    if (match === null || name === undefined || reserved.test(name) || Object.hasOwn(holder, name))
      throw new NotPlain();
    return { name, length: match[0].length };
  }

  #mappingValue(indent: number): Found {
    if (!this.#lineEnds()) return this.#inLine(indent);
    // The value stands on the lines that follow: deeper, or a list at the key's own depth.
    const next = this.#indent();
    if (next > indent || (next === indent && this.#isItem())) return this.#block();
    throw new NotPlain();
  }

  #list(indent: number): unknown[] {
    const value: unknown[] = [];
    const members: Member[] = [];
    this.members.set(value, members);
    while (this.#indent() === indent && this.#isItem()) {
      this.#at += 1;
      while (this.#text[this.#at] === ' ') this.#at += 1;
      const found = this.#item(indent);
      members.push(member(value.length, found.at, found));
      value.push(found.value);
    }
    if (this.#indent() > indent) throw new NotPlain();
    return value;
  }

  #item(indent: number): Found {
    const next = this.#text[this.#at];
    if (next === undefined || next === '\n' || next === '#' || next === '-') throw new NotPlain();
    return this.#match(keyForm) === null ? this.#inLine(indent) : this.#block();
  }

  /** A value in the line in hand; the lines after it must not go on with it. */
  #inLine(indent: number): Found {
    const found = this.#isOpening() ? this.#flow() : this.#scalar(blockScalarForm);
    if (!this.#lineEnds() || this.#indent() > indent) throw new NotPlain();
    return found;
  }

  #isOpening(): boolean {
    return this.#text[this.#at] === '{' || this.#text[this.#at] === '[';
  }

  #scalar(plainForm: RegExp): Found {
    const at = this.#at;
    const quoted = this.#match(doubleQuotedForm) ?? this.#match(singleQuotedForm);
    if (quoted !== null) {
      this.#at += quoted[0].length;
      return { value: quoted[1] ?? '', at };
    }
    const plain = this.#match(plainForm)?.[0];
    if (plain === undefined) throw new NotPlain();
    this.#at += plain.length;
    return { value: plainValue(plain), at, written: plain };
  }

  /** A flow collection in one line. */
  #flow(): Found {
    const at = this.#at;
    this.#at += 1;
    const value = this.#deeper(() => (this.#text[at] === '{' ? this.#flowMapping() : this.#flowList()));
    return { value, at };
  }

  #flowMapping(): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    const members: Member[] = [];
    this.members.set(value, members);
    this.#flowMembers('}', () => {
      const key = this.#key(value);
      const keyAt = this.#at;
      this.#at += key.length;
      const found = this.#flowValue();
      value[key.name] = found.value;
      members.push(member(key.name, keyAt, found));
    });
    return value;
  }

  #flowList(): unknown[] {
    const value: unknown[] = [];
    const members: Member[] = [];
    this.members.set(value, members);
    this.#flowMembers(']', () => {
      // A key here would make a mapping of one member.
      if (this.#match(keyForm) !== null) throw new NotPlain();
      const found = this.#flowValue();
      members.push(member(value.length, found.at, found));
      value.push(found.value);
    });
    return value;
  }

  #flowValue(): Found {
    return this.#isOpening() ? this.#flow() : this.#scalar(flowScalarForm);
  }

  #flowMembers(close: string, readMember: () => void): void {
    this.#skipSpaces();
    if (this.#take(close)) return;
    for (;;) {
      readMember();
      this.#skipSpaces();
      if (this.#take(close)) return;
      if (!this.#take(',')) throw new NotPlain();
      this.#skipSpaces();
    }
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ') this.#at += 1;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }
}

function member(key: string | number, keyAt: number, { at, written }: Found): Member {
  return written === undefined ? { key, keyAt, valueAt: at } : { key, keyAt, valueAt: at, written };
}

/** Reads plain YAML; undefined when the text is more than that, or wrong. */
export function readQuickly(text: string): ReadResult | undefined {
  if (unusual.test(text)) return undefined;
  const reader = new QuickReader(text);
  try {
    const { value, at } = reader.root();
    return { value, rootAt: at, members: reader.members, faults: [] };
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}
