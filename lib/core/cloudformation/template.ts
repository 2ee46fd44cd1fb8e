// Reads a CloudFormation template, YAML or JSON, into its long form; every value keeps its place in the file.
import {
  type Alias,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Position, Problem } from '../config/model.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { shortForms, splitAttribute } from './intrinsics.ts';
import { nearest } from '../config/nearest.ts';
import { plainScalar } from './scalar.ts';

/** CloudFormation's own limit for a template, in bytes of its text. */
const maxBytes = 1024 * 1024;
const maxDepth = 128;
/** Values after aliases are followed; keeps a small file from growing into a large one. */
const maxValues = 100_000;
const standardTag = 'tag:yaml.org,2002:';
const unsupportedTags = ['binary', 'omap', 'pairs', 'set', 'timestamp'].map((name) => standardTag + name);

/** Path of a value inside the long form, from the root. */
export type Path = readonly (string | number)[];

export interface TemplateRead {
  /** The long form; absent when the file could not be read at all. */
  readonly template?: JsonObject;
  /** What makes the file unusable. */
  readonly problems: readonly Problem[];
  /** What is allowed but likely to surprise. */
  readonly warnings: readonly Problem[];
  /** Place of a value, or of its nearest ancestor that has one. */
  positionOf(path: Path): Position;
}

function pointer(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

class Reader {
  readonly file: string;
  readonly lines = new LineCounter();
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #offsets = new Map<string, number>();
  readonly #anchors = new Map<string, unknown>();
  #values = 0;

  constructor(file: string) {
    this.file = file;
  }

  at(offset: number): Position {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  positionOf(path: Path): Position {
    for (let length = path.length; length >= 0; length -= 1) {
      const offset = this.#offsets.get(pointer(path.slice(0, length)));
      if (offset !== undefined) return this.at(offset);
    }
    return { file: this.file, line: 1, column: 1 };
  }

  problem(offset: number, code: string, message: string, suggestion?: string): void {
    this.problems.push({ ...this.at(offset), code, message, ...(suggestion === undefined ? {} : { suggestion }) });
  }

  /** A node as JSON; `path` is where the result will stand in the long form. */
  value(node: unknown, path: Path, offset: number): Json {
    this.#values += 1;
    if (this.#values === maxValues) this.problem(offset, 'TemplateTooLarge', `more than ${maxValues} values`);
    if (path.length === maxDepth) this.problem(offset, 'TemplateTooDeep', `nested deeper than ${maxDepth} levels`);
    if (this.#values >= maxValues || path.length >= maxDepth) return null;
    if (isAlias(node)) return this.#alias(node, path);
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return null;
    const start = node.range?.[0] ?? offset;
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (!this.#offsets.has(pointer(path))) this.#offsets.set(pointer(path), start);
    const tag = node.tag;
    if (tag?.startsWith('!') && tag !== '!') return this.#shortForm(node, tag, path, start);
    if (tag !== undefined && unsupportedTags.includes(tag)) {
      this.problem(
        start,
        'TemplateYamlFeature',
        `CloudFormation does not support the YAML tag !!${tag.slice(standardTag.length)}`,
      );
    }
    return this.#content(node, path, start);
  }

  #content(node: unknown, path: Path, start: number): Json {
    if (isScalar(node)) return this.#scalar(node, start);
    if (isSeq(node)) return node.items.map((item, index) => this.value(item, [...path, index], start));
    return isMap(node) ? this.#map(node, path, start) : null;
  }

  #alias(node: Alias, path: Path): Json {
    const start = node.range?.[0] ?? 0;
    if (this.#anchors.has(node.source)) return this.value(this.#anchors.get(node.source), path, start);
    this.problem(start, 'TemplateSyntax', `alias *${node.source} has no anchor before it`);
    return null;
  }

  #scalar(node: Scalar, start: number): Json {
    const source = node.source ?? textOf(node.value);
    if (node.type !== 'PLAIN' || node.tag === `${standardTag}str`)
      return typeof node.value === 'string' ? node.value : source;
    const read = plainScalar(source, node.value);
    if (read.warning !== undefined)
      this.warnings.push({ ...this.at(start), code: 'TemplateAmbiguous', message: read.warning });
    return read.value;
  }

  #map(node: YAMLMap, path: Path, start: number): JsonObject {
    const entries: [string, Json][] = [];
    for (const pair of node.items) {
      if (!isPair(pair)) continue;
      const key = pair.key;
      const keyStart = isScalar(key) ? (key.range?.[0] ?? start) : start;
      if (!isScalar(key)) {
        this.problem(keyStart, 'TemplateSyntax', 'a key must be plain text');
        continue;
      }
      const name = key.type === 'PLAIN' ? (key.source ?? textOf(key.value)) : textOf(key.value);
      if (name === '<<') {
        this.problem(keyStart, 'TemplateYamlFeature', 'CloudFormation does not support YAML merge keys (<<)');
        continue;
      }
      this.#offsets.set(pointer([...path, name]), keyStart);
      entries.push([name, this.value(pair.value, [...path, name], keyStart)]);
    }
    return Object.fromEntries(entries);
  }

  #shortForm(node: unknown, tag: string, path: Path, start: number): Json {
    const short = tag.slice(1);
    const key = Object.hasOwn(shortForms, short) ? shortForms[short] : undefined;
    if (key === undefined) {
      const near = nearest(short, Object.keys(shortForms));
      const hint = near === undefined ? undefined : `!${near}`;
      this.problem(start, 'TemplateUnknownTag', `CloudFormation has no short form ${tag}`, hint);
      return this.#content(node, path, start);
    }
    const inner = [...path, key];
    if (!isScalar(node)) return { [key]: this.#content(node, inner, start) };
    const text = node.type === 'PLAIN' ? (node.source ?? '') : textOf(node.value);
    if (text === '' && node.type === 'PLAIN') this.problem(start, 'TemplateSyntax', `${tag} needs a value`);
    if (key !== 'Fn::GetAtt') return { [key]: text };
    const parts = splitAttribute(text);
    if (parts !== undefined) return { [key]: [parts.resource, parts.attribute] };
    if (text !== '')
      this.problem(start, 'TemplateSyntax', `!GetAtt ${text} names no attribute; write !GetAtt RESOURCE.ATTRIBUTE`);
    return { [key]: [text, ''] };
  }
}

/** Reads a template's text. `file` is only used for positions. Never throws. */
export function readTemplate(file: string, text: string): TemplateRead {
  const reader = new Reader(file);
  const result = (template?: JsonObject): TemplateRead => ({
    ...(template === undefined ? {} : { template }),
    problems: reader.problems,
    warnings: reader.warnings,
    positionOf: (path) => reader.positionOf(path),
  });
  if (utf8Length(text) > maxBytes) {
    reader.problem(0, 'TemplateTooLarge', `the template is larger than ${maxBytes} bytes, CloudFormation's limit`);
    return result();
  }
  try {
    const template = parse(reader, text);
    return result(template);
  } catch (error) {
    // The parser recurses: nesting of thousands of levels ends its stack, not ours.
    const why = error instanceof RangeError ? 'nested too deeply' : String(error);
    reader.problem(0, 'TemplateTooDeep', `the file cannot be read: ${why}`);
    return result();
  }
}

function parse(reader: Reader, text: string): JsonObject | undefined {
  const document = parseDocument(text, {
    version: '1.1',
    logLevel: 'error',
    lineCounter: reader.lines,
    prettyErrors: false,
    // 2012-10-17 is a policy version, not a date; binary and the like are reported by tag.
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === 'string' || !/timestamp|binary|omap|pairs|set$/.test(tag.tag)),
  });
  for (const error of document.errors) {
    reader.problem(
      error.pos[0],
      error.code === 'DUPLICATE_KEY' ? 'TemplateDuplicateKey' : 'TemplateSyntax',
      error.message,
    );
  }
  if (reader.problems.length > 0) return undefined;
  if (document.contents === null) {
    reader.problem(0, 'TemplateEmpty', 'the file is empty');
    return undefined;
  }
  const value = reader.value(document.contents, [], 0);
  if (isObject(value)) return value;
  reader.problem(0, 'TemplateSyntax', 'a template is a mapping with a Resources section');
  return undefined;
}

/** Bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Whether a parsed document is a CloudFormation template, not a Kubernetes object or something else. */
export function looksLikeTemplate(document: unknown): boolean {
  if (!isObject(document) || 'apiVersion' in document || 'kind' in document) return false;
  if ('AWSTemplateFormatVersion' in document) return true;
  const resources = document['Resources'];
  if (!isObject(resources)) return false;
  const entries = Object.entries(resources).filter(([key]) => !key.startsWith('Fn::'));
  return (
    entries.length > 0 &&
    entries.every(([, entry]) => isObject(entry) && typeof entry['Type'] === 'string' && /^\w+::/.test(entry['Type']))
  );
}
