// The full YAML reader: every feature, on the tree of the `yaml` package, with scalars, keys and merges as kubectl reads them.
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Json } from '../json.ts';
import { isObject } from '../json.ts';
import { type Fault, maxLevels, type ParseResult, roundedNumber, unsafeKey } from './document.ts';
import { keyText, resolvePlain, resolveTagged } from './scalar.ts';
import { yamlErrorText } from '../yaml-errors.ts';

/** Values after aliases are followed; keeps a small file from growing into a large one. */
const maxValues = 400_000;
const maxAliasValues = 100_000;

class Composer {
  readonly faults: Fault[] = [];
  readonly places = new Map<object, number>();
  readonly #anchors = new Map<string, unknown>();
  readonly #open = new Set<unknown>();
  #values = 0;
  #aliasValues = 0;
  #inAlias = 0;
  #level = 0;
  #stopped = false;

  fault(code: string, message: string, offset: number): null {
    if (this.faults.length < 100) this.faults.push({ code, message, offset });
    return null;
  }

  node(node: unknown, offset: number): Json {
    if (this.#stopped || !this.#count(offset)) return null;
    if (isAlias(node)) return this.#alias(node, offset);
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return null;
    const start = node.range?.[0] ?? offset;
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node, start);
    this.#level += 1;
    this.#open.add(node);
    const value = isMap(node) ? this.#map(node, start) : node.items.map((item) => this.node(item, start));
    this.#open.delete(node);
    this.#level -= 1;
    return value;
  }

  #count(offset: number): boolean {
    this.#values += 1;
    if (this.#inAlias > 0) this.#aliasValues += 1;
    const tooMany = this.#values > maxValues * 10 || this.#aliasValues > maxAliasValues;
    if (tooMany) this.fault('YamlTooLarge', `aliases make more than ${maxAliasValues} values of this document`, offset);
    const tooDeep = this.#level > maxLevels;
    if (tooDeep) this.fault('YamlTooDeep', `nested deeper than ${maxLevels} levels`, offset);
    this.#stopped = tooMany || tooDeep;
    return !this.#stopped;
  }

  #target(alias: Alias, offset: number): unknown {
    const target = this.#anchors.get(alias.source);
    const start = alias.range?.[0] ?? offset;
    if (target === undefined) this.fault('YamlAlias', `the alias *${alias.source} has no anchor before it`, start);
    else if (this.#open.has(target)) this.fault('YamlAlias', `the anchor &${alias.source} contains itself`, start);
    else return target;
    return undefined;
  }

  #alias(alias: Alias, offset: number): Json {
    const target = this.#target(alias, offset);
    if (target === undefined) return null;
    this.#inAlias += 1;
    const value = this.node(target, offset);
    this.#inAlias -= 1;
    return value;
  }

  #scalar(node: Scalar, start: number): Json {
    const text = typeof node.value === 'string' ? node.value : (node.source ?? '');
    const tag = node.tag;
    if (tag === '!' || (tag === undefined && node.type !== 'PLAIN' && node.type !== undefined)) return text;
    if (tag !== undefined && tag !== 'tag:yaml.org,2002:str') {
      const tagged = resolveTagged(tag, text);
      if ('wrong' in tagged) return this.fault('YamlTag', tagged.wrong, start);
      return tagged.value === undefined ? this.fault('YamlNumber', roundedNumber(text), start) : tagged.value;
    }
    if (tag !== undefined) return text;
    const value = resolvePlain(text);
    return value === undefined ? this.fault('YamlNumber', roundedNumber(text), start) : value;
  }

  #map(node: YAMLMap, start: number): Json {
    const object: Record<string, Json> = {};
    this.places.set(object, start);
    const seen = new Set<string>();
    for (const pair of node.items) {
      const keyStart = (isScalar(pair.key) || isAlias(pair.key) ? pair.key.range?.[0] : undefined) ?? start;
      if (isMergeKey(pair.key)) this.#merge(object, pair.value, keyStart);
      else this.#member(object, seen, { key: pair.key, value: pair.value, start: keyStart });
    }
    return object;
  }

  #member(
    object: Record<string, Json>,
    seen: Set<string>,
    pair: { readonly key: unknown; readonly value: unknown; readonly start: number },
  ): void {
    const resolved = this.node(pair.key, pair.start);
    const key = keyText(resolved, isScalar(pair.key) ? String(pair.key.value) : '');
    const value = this.node(pair.value, pair.start);
    if (key === undefined) this.fault('YamlKey', 'a key must be text, a number or a boolean', pair.start);
    else if (key === unsafeKey) this.fault('YamlKey', `the key ${unsafeKey} is not accepted`, pair.start);
    else if (seen.has(key)) this.fault('YamlDuplicateKey', `the key "${key}" is there twice`, pair.start);
    else {
      seen.add(key);
      object[key] = value;
    }
  }

  /** Members of the merged mappings; what stands later in the file wins, as it does for kubectl. */
  #merge(object: Record<string, Json>, value: unknown, start: number): void {
    const sources = isSeq(value) ? [...value.items].reverse() : [value];
    for (const source of sources) {
      const node = isAlias(source) ? this.#target(source, start) : source;
      if (node === undefined) return;
      if (!isMap(node)) {
        this.fault('YamlMerge', '<< needs a mapping, or a list of mappings', start);
        return;
      }
      if (isAlias(source)) this.#inAlias += 1;
      const merged = this.node(node, start);
      if (isAlias(source)) this.#inAlias -= 1;
      if (isObject(merged)) Object.assign(object, merged);
    }
  }
}

function isMergeKey(key: unknown): boolean {
  return (
    isScalar(key) && key.value === '<<' && key.type === 'PLAIN' && (key.tag === undefined || key.tag.endsWith(':merge'))
  );
}

function syntaxFault(error: Document['errors'][number], text: string): Fault {
  return { code: 'YamlSyntax', message: yamlErrorText(error, text), offset: error.pos[0] };
}

/** Reads one document. Nothing but comments gives an empty list. */
export function parseFull(text: string): ParseResult {
  try {
    const document = parseDocument(text, {
      version: '1.1',
      schema: 'failsafe',
      merge: false,
      uniqueKeys: false,
      logLevel: 'silent',
      prettyErrors: false,
    });
    // What the parser says after its first error is mostly a consequence of it.
    const [error] = document.errors;
    if (error !== undefined) return { kind: 'faults', faults: [syntaxFault(error, text)] };
    if (document.contents === null) return { kind: 'parsed', parsed: [] };
    const composer = new Composer();
    const offset = document.contents.range?.[0] ?? 0;
    const value = composer.node(document.contents, offset);
    if (composer.faults.length > 0) return { kind: 'faults', faults: composer.faults };
    return { kind: 'parsed', parsed: [{ value, offset, places: composer.places }] };
  } catch (error) {
    // The parser recurses: nesting of a thousand levels ends its stack, not ours.
    if (!(error instanceof RangeError)) throw error;
    return { kind: 'faults', faults: [{ code: 'YamlTooDeep', message: 'nested too deeply', offset: 0 }] };
  }
}
