// Reads manifests, YAML or JSON, with the meaning that kubectl gives them, and says where everything stands.
import type { Position, Problem } from '../config/model.ts';
import { isObject, type Json } from '../json.ts';
import type { Fault, Parsed, ParseResult } from './document.ts';
import { parseJsonText } from './json-text.ts';
import { parseFast } from './yaml-fast.ts';
import { parseFull } from './yaml-full.ts';

/** Bounds on one document, in UTF-16 units. The full reader needs some sixty times its input in memory. */
const maxDocument = 64 * 1024 * 1024;
const maxFullDocument = 8 * 1024 * 1024;
const maxDocuments = 50_000;
const maxProblems = 100;

/** One document that is not empty. Line and column (from 1) are those of its value. */
export interface ManifestDocument {
  readonly value: Json;
  readonly line: number;
  readonly column: number;
  /** Place of a mapping anywhere in the value (the very object), else that of the document. */
  readonly positionOf: (part: Json | undefined) => Position;
}

export interface ManifestRead {
  readonly documents: readonly ManifestDocument[];
  /** When there is one, the file is unusable as a whole. */
  readonly problems: readonly Problem[];
}

// Characters that YAML forbids, and line ends other than LF, which parsers disagree about.
const forbidden = /(?![\n\t])[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/u;
/** Those that JSON allows in strings. */
const fineInJson = /[\u007f-\u009f\u2028\u2029\ufeff]/;

/** Lines of one file, found once when the first position is asked for. */
class Places {
  readonly file: string;
  readonly #text: string;
  #starts: number[] | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.#text = text;
  }

  at(offset: number): Position {
    const starts = (this.#starts ??= lineStarts(this.#text));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }

  problem(offset: number, code: string, message: string): Problem {
    return { ...this.at(offset), code, message };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}

interface Chunk {
  readonly text: string;
  readonly start: number;
}

/** Cuts at lines that begin with `---`, the way kubectl does, before anything is parsed. */
function chunksOf(text: string, places: Places): readonly Chunk[] | Problem {
  const chunks: Chunk[] = [];
  let start = 0;
  const separator = /^---([^\n]*)/gm;
  for (let match = separator.exec(text); match !== null; match = separator.exec(text)) {
    const rest = (match[1] ?? '').trim();
    if (rest !== '' && !rest.startsWith('#')) {
      return places.problem(
        match.index,
        'YamlSeparator',
        'only a comment may follow --- on its line; kubectl refuses it',
      );
    }
    chunks.push({ text: text.slice(start, match.index), start });
    start = Math.min(text.length, separator.lastIndex + 1);
    if (chunks.length > maxDocuments) {
      return places.problem(match.index, 'YamlTooLarge', `more than ${maxDocuments} documents in one file`);
    }
  }
  chunks.push({ text: text.slice(start), start });
  return chunks.filter((chunk) => chunk.text.trim() !== '');
}

function parseYaml(text: string): ParseResult {
  if (text.length > maxDocument) return tooLarge(maxDocument);
  const fast = parseFast(text);
  if (fast === 'empty') return { kind: 'parsed', parsed: [] };
  if (fast !== undefined) return { kind: 'parsed', parsed: [fast] };
  if (text.startsWith('%')) return fault('YamlDirective', 'kubectl does not read YAML directives (%YAML, %TAG)', 0);
  const ended = /^\.\.\.[ \t]*(?:#[^\n]*)?\n/m.exec(text);
  if (ended !== null) {
    const after = ended.index + ended[0].length;
    const rest = /^[ \t]*[^\s#]/m.exec(text.slice(after));
    if (rest !== null) {
      return fault(
        'YamlSeparator',
        'kubectl ignores what follows "..."; begin the next document with ---',
        after + rest.index,
      );
    }
  }
  if (text.length > maxFullDocument) return tooLarge(maxFullDocument);
  return parseFull(text);
}

const fault = (code: string, message: string, offset: number): ParseResult => ({
  kind: 'faults',
  faults: [{ code, message, offset }],
});
const tooLarge = (limit: number): ParseResult =>
  fault('YamlTooLarge', `one document is larger than ${limit / 1024 / 1024} MiB`, 0);

/** A document that begins with a brace is tried as JSON first; what JSON cannot read may still be YAML. */
function parseChunk(text: string, jsonFile: boolean): ParseResult {
  if (!/^\s*[[{]/.test(text)) return parseYaml(text);
  if (text.length > maxDocument) return tooLarge(maxDocument);
  const json = parseJsonText(text);
  if (json.kind === 'parsed' || json.faults[0]?.code !== 'JsonSyntax') return json;
  const yaml = parseYaml(text);
  return yaml.kind === 'faults' && jsonFile ? json : yaml;
}

/**
 * Reads one file. Empty documents are left out. Booleans, octals, merge keys and so on mean what they mean to kubectl; where
 * kubectl would drop or round something silently (duplicate keys, integers over 53 bits) the file is refused instead.
 */
export function readManifests(file: string, source: string): ManifestRead {
  const text = normalise(source);
  const places = new Places(file, text);
  const bad = forbidden.exec(text);
  if (bad !== null && !(file.endsWith('.json') && fineInJson.test(bad[0]))) {
    const name = `U+${(bad[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    return {
      documents: [],
      problems: [places.problem(bad.index, 'YamlCharacter', `the character ${name} is not allowed here`)],
    };
  }
  const chunks = chunksOf(text, places);
  if (!Array.isArray(chunks)) return { documents: [], problems: [chunks as Problem] };
  const documents: ManifestDocument[] = [];
  const problems: Problem[] = [];
  for (const chunk of chunks as readonly Chunk[]) {
    const result = parseChunk(chunk.text, file.endsWith('.json'));
    if (result.kind === 'faults') problems.push(...result.faults.map((one) => located(one, chunk, places)));
    else
      for (const parsed of result.parsed) if (parsed.value !== null) documents.push(documentOf(parsed, chunk, places));
    if (problems.length > maxProblems) break;
  }
  return { documents, problems };
}

const located = (one: Fault, chunk: Chunk, places: Places): Problem =>
  places.problem(chunk.start + Math.min(one.offset, Math.max(0, chunk.text.length - 1)), one.code, one.message);

function documentOf(parsed: Parsed, chunk: Chunk, places: Places): ManifestDocument {
  const { line, column } = places.at(chunk.start + parsed.offset);
  return {
    value: parsed.value,
    line,
    column,
    positionOf: (part) => {
      const offset = isObject(part) ? parsed.places.get(part) : undefined;
      return offset === undefined ? { file: places.file, line, column } : places.at(chunk.start + offset);
    },
  };
}

/** Without byte order mark and carriage returns of line ends, and ended by a line end, as kubectl's line reader does. */
function normalise(source: string): string {
  const text = source.startsWith('\ufeff') ? source.slice(1) : source;
  const lines = text.includes('\r') ? text.replaceAll('\r\n', '\n') : text;
  return lines.endsWith('\n') ? lines : `${lines}\n`;
}
