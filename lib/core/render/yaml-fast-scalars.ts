// The characters of the quick YAML reader: lines, blanks, comments, and scalars in every style.
import type { Json } from '../json.ts';
import { resolvePlain } from './scalar.ts';

/** Thrown to hand the document to the full reader; never leaves the quick one. */
export const giveUp = { reason: 'not plain enough' };

/** What ends or interrupts quoted text; found one at a time, because a pattern over all of it would need a stack as deep as the text. */
const inSingle = /['\t]/g;
const inDouble = /["\\\t]/g;
const escape = /\\(?:["\\bfnrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})/y;
const blockHeader = /([|>])(-?)(?: +(?:#.*)?)?\n/y;
const lineRest = /[^\n]*/y;
/** A plain scalar that goes on in the next line, or holds what could be a key or a comment, is not for us. */
const oddPlain = /: |:$| #|\t/;
const plainStart = /[^\s\-?:,[\]{}#&*!|>'"%@`]|-[^\s]/y;

/** Stands somewhere in the text of one document and reads scalars. */
export class FastScalars {
  readonly text: string;
  at = 0;
  /** Column of the next content (0 is the left margin), or -1 at the end. Valid after `next`. */
  column = 0;

  constructor(text: string) {
    this.text = text;
  }

  line(): string {
    lineRest.lastIndex = this.at;
    const line = lineRest.exec(this.text)?.[0] ?? '';
    this.at = lineRest.lastIndex + 1;
    return line;
  }

  /** To the next content: over blank lines and comments, standing at a line's start. */
  next(): void {
    const { text } = this;
    for (;;) {
      let at = this.at;
      while (text.charCodeAt(at) === 0x20) at += 1;
      const code = text.charCodeAt(at);
      if (Number.isNaN(code)) {
        this.column = -1;
        return;
      }
      if (code === 0x0a) this.at = at + 1;
      else if (code === 0x23) this.at = this.after(at);
      else if (code === 0x09) throw giveUp;
      else {
        this.column = at - this.at;
        // The mark that ends a document: what may follow it is for the full reader.
        if (this.column === 0 && text.startsWith('...', at)) throw giveUp;
        this.at = at;
        return;
      }
    }
  }

  after(at: number): number {
    const end = this.text.indexOf('\n', at);
    return end < 0 ? this.text.length : end + 1;
  }

  /** An unquoted scalar, resolved. */
  plainValue(parent: number): Json {
    plainStart.lastIndex = this.at;
    if (!plainStart.test(this.text)) throw giveUp;
    const value = resolvePlain(this.plain(parent));
    if (value === undefined) throw giveUp;
    return value;
  }

  /** Plain text to the end of its line, and over the lines below it that are indented deeper than `parent`. */
  plain(parent: number): string {
    const first = this.line();
    const comment = first.indexOf(' #');
    let text = (comment < 0 ? first : first.slice(0, comment)).trimEnd();
    if (oddPlain.test(text)) throw giveUp;
    for (;;) {
      const { blanks, start, column } = this.peek();
      if (column <= parent) break;
      // At the left margin a line may be a mark that ends the document.
      if (parent < 0) throw giveUp;
      this.at = start;
      const line = this.line().trim();
      if (line.startsWith('#')) {
        this.at = start;
        break;
      }
      if (comment >= 0 || oddPlain.test(line)) throw giveUp;
      text += blanks === 0 ? ` ${line}` : `${'\n'.repeat(blanks)}${line}`;
    }
    this.next();
    if (this.column > parent) throw giveUp;
    return text;
  }

  /** How many blank lines are ahead, and where the line after them starts, with the column of its content; -1 at the end. */
  peek(): { readonly blanks: number; readonly start: number; readonly column: number } {
    let start = this.at;
    let at = start;
    let blanks = 0;
    for (;;) {
      while (this.text.charCodeAt(at) === 0x20) at += 1;
      if (this.text.charCodeAt(at) !== 0x0a) break;
      at += 1;
      start = at;
      blanks += 1;
    }
    const code = this.text.charCodeAt(at);
    if (code === 0x09) throw giveUp;
    return { blanks, start, column: Number.isNaN(code) ? -1 : at - start };
  }

  endOfLine(): void {
    const start = this.at;
    const rest = this.line();
    const trimmed = rest.trimStart();
    if (trimmed === '') return;
    if (!trimmed.startsWith('#') || rest.startsWith('#') || rest.includes('\t')) {
      this.at = start;
      throw giveUp;
    }
  }

  #endOfSingle(start: number): number {
    for (inSingle.lastIndex = start; ; ) {
      const found = inSingle.exec(this.text);
      if (found === null || found[0] === '\t') throw giveUp;
      if (this.text[found.index + 1] !== "'") return found.index + 1;
      inSingle.lastIndex = found.index + 2;
    }
  }

  #endOfDouble(start: number): number {
    for (inDouble.lastIndex = start; ; ) {
      const found = inDouble.exec(this.text);
      if (found === null || found[0] === '\t') throw giveUp;
      if (found[0] === '"') return found.index + 1;
      escape.lastIndex = found.index;
      if (!escape.test(this.text)) throw giveUp;
      inDouble.lastIndex = escape.lastIndex;
    }
  }

  quoted(code: number, depth: number, parent: number): string {
    const start = this.at + 1;
    this.at = code === 0x22 ? this.#endOfDouble(start) : this.#endOfSingle(start);
    const body = this.text.slice(start, this.at - 1);
    const folded = body.includes('\n') ? foldQuoted(body, depth, parent) : body;
    if (code === 0x27) return folded.replaceAll("''", "'");
    return folded.includes('\\') ? (JSON.parse(`"${folded.replaceAll('\n', '\\n')}"`) as string) : folded;
  }

  /** `|`, `|-`, `>`, `>-` without an explicit indentation. */
  block(parent: number): Json {
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
    this.next();
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
      lines.push(text.slice(this.at + indent, this.after(this.at + column) - 1));
      this.at = this.after(this.at + column);
    }
    return lines;
  }
}

/** Quoted text over several lines: blanks around line ends go, and the lines are folded. */
function foldQuoted(body: string, depth: number, parent: number): string {
  if (depth > 0 || parent < 0) throw giveUp;
  const lines = body.split('\n');
  const last = lines.length - 1;
  for (const [index, line] of lines.entries()) {
    if (index === 0) continue;
    const column = line.length - line.trimStart().length;
    // Text at the left of its parent is for the full reader.
    if (column <= parent && (line.trim() !== '' || index === last)) throw giveUp;
  }
  return fold(
    lines.map((line, index) => (index === 0 ? line.trimEnd() : index === last ? line.trimStart() : line.trim())),
    true,
  );
}

/** Lines next to each other become one, blank lines become line ends. */
function fold(lines: readonly string[], keepEnds = false): string {
  let text = '';
  let blank = 0;
  let first = true;
  for (const [index, line] of lines.entries()) {
    const edge = keepEnds && (index === 0 || index === lines.length - 1);
    if (line === '' && !edge) blank += 1;
    else {
      const gap = blank === 0 ? ' ' : '\n'.repeat(blank);
      text += first ? '\n'.repeat(blank) : gap;
      text += line;
      blank = 0;
      first = false;
    }
  }
  return text;
}
