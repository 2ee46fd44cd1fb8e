// Reads a config file with the `yaml` package: YAML 1.2 core, one document, aliases within bounds, nothing lost in silence.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { documentLimits, type Member, type Path, type ReadFault, type ReadResult } from './document.ts';
import { type ConfigCode, quoted } from './problems.ts';
import { yamlErrorText } from '../yaml-errors.ts';

/** Keys that reach into JavaScript's objects. */
const reservedKeys = new Set(['__proto__', 'constructor', 'prototype']);

/** Stops reading: the limits are passed, nothing of the file can be trusted. */
class LimitPassed {
  readonly at: number;
  readonly message: string;

  constructor(at: number, message: string) {
    this.at = at;
    this.message = message;
  }
}

class Converter {
  readonly members = new Map<object, Member[]>();
  readonly faults: ReadFault[] = [];
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  #values = 0;

  convert(node: unknown, path: Path): unknown {
    if (!isAlias(node) && !isMap(node) && !isSeq(node) && !isScalar(node)) return null;
    const at = startOf(node);
    this.#values += 1;
    if (this.#values > documentLimits.values)
      throw new LimitPassed(at, `The file has more than ${documentLimits.values} values`);
    if (path.length > documentLimits.depth)
      throw new LimitPassed(at, `The file nests deeper than ${documentLimits.depth} levels`);
    if (isAlias(node)) {
      const source = this.#anchors.get(node.source);
      if (source !== undefined && !this.#open.has(source)) return this.convert(source, path);
      this.#fault(
        [],
        at,
        'ConfigYaml',
        `The alias *${node.source} ${source === undefined ? 'has no anchor' : 'is part of what it names'}`,
      );
      return null;
    }
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return node.value;
    this.#open.add(node);
    const value = isMap(node) ? this.#mapping(node, path) : this.#list(node, path);
    this.#open.delete(node);
    return value;
  }

  #mapping(node: YAMLMap, path: Path): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    const members: Member[] = [];
    this.members.set(value, members);
    for (const pair of node.items) {
      const key = this.#key(pair.key, path, node);
      if (key === undefined) continue;
      const keyAt = startOf(pair.key as Node);
      if (Object.hasOwn(value, key)) {
        this.#fault([...path, key], keyAt, 'ConfigDuplicateKey', `The key ${quoted(key)} stands here a second time`);
        continue;
      }
      value[key] = this.convert(pair.value, [...path, key]);
      members.push(member(key, keyAt, pair.value));
    }
    return value;
  }

  #list(node: YAMLSeq, path: Path): unknown[] {
    const value: unknown[] = [];
    const members: Member[] = [];
    this.members.set(value, members);
    for (const [index, item] of node.items.entries()) {
      value.push(this.convert(item, [...path, index]));
      const at = isNode(item) ? startOf(item) : startOf(node);
      members.push(member(index, at, item));
    }
    return value;
  }

  /** The text of a key; undefined, with a fault, when it cannot be one. */
  #key(node: unknown, path: Path, holder: Node): string | undefined {
    const scalar = isAlias(node) ? this.#anchors.get(node.source) : node;
    const at = isNode(node) ? startOf(node) : startOf(holder);
    if (!isScalar(scalar) || scalar.value === null) {
      this.#fault(path, at, 'ConfigYaml', 'A key must be text');
      return undefined;
    }
    if (isScalar(node) && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    const key = typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? JSON.stringify(scalar.value));
    if (key === '<<' && scalar.type === 'PLAIN') {
      this.#fault(
        path,
        at,
        'ConfigYaml',
        'Merge keys (<<) are not part of YAML 1.2; use `defaults`, or an alias for the whole value',
      );
      return undefined;
    }
    if (reservedKeys.has(key)) {
      this.#fault(path, at, 'ConfigReservedKey', `The key ${quoted(key)} is reserved`);
      return undefined;
    }
    return key;
  }

  #fault(path: Path, at: number, code: ConfigCode, message: string): void {
    this.faults.push({ path, at, code, message });
  }
}

function isNode(value: unknown): value is Node {
  return isAlias(value) || isMap(value) || isSeq(value) || isScalar(value);
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function member(key: string | number, keyAt: number, node: unknown): Member {
  const valueAt = isNode(node) ? startOf(node) : keyAt;
  const written = isScalar(node) ? writtenText(node) : undefined;
  return written === undefined ? { key, keyAt, valueAt } : { key, keyAt, valueAt, written };
}

function writtenText(scalar: Scalar): string | undefined {
  return scalar.type === 'PLAIN' && scalar.source !== '' ? scalar.source : undefined;
}

/** How many syntax errors are told at once; what follows the first few is mostly their echo. */
const maxErrors = 20;

/** Reads YAML text. Never throws; what is wrong is in `faults`. */
export function readYaml(text: string): ReadResult {
  const converter = new Converter();
  const nothing = (faults: readonly ReadFault[]): ReadResult => ({
    value: null,
    rootAt: 0,
    members: new Map(),
    faults,
  });
  const wrong = (at: number, code: ConfigCode, message: string): ReadFault => ({ path: [], at, code, message });
  try {
    const documents = parseAllDocuments(text, { version: '1.2', prettyErrors: false, uniqueKeys: false });
    const [first, second] = documents;
    const end = Math.max(0, text.length - 1);
    const faults = (Array.isArray(documents) ? documents : [])
      .flatMap((document) => [...document.errors, ...document.warnings])
      .slice(0, maxErrors)
      .map((error) => wrong(Math.min(error.pos[0], end), 'ConfigYaml', yamlErrorText(error, text)));
    if (faults.length > 0) return nothing(faults);
    if (second !== undefined) {
      const at = startOf(second.contents ?? (first?.contents as Node));
      return nothing([wrong(at, 'ConfigYaml', 'A second YAML document begins; the file must be one')]);
    }
    const contents = first?.contents;
    const value = converter.convert(contents, []);
    const rootAt = isNode(contents) ? startOf(contents) : 0;
    return { value, rootAt, members: converter.members, faults: converter.faults };
  } catch (error) {
    if (error instanceof LimitPassed) return nothing([wrong(error.at, 'ConfigTooLarge', error.message)]);
    // The package throws on input that is hostile rather than wrong: nesting that overflows its stack, or a tag gone bad.
    const why =
      error instanceof RangeError ? 'it nests too deeply' : error instanceof Error ? error.message : 'unknown';
    return nothing([wrong(0, 'ConfigYaml', `The file cannot be read as YAML: ${why}`)]);
  }
}
