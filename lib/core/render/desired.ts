// From rendered documents to desired state: lists opened, hooks set aside, and every rule that an object must keep, with its place.
import type { Application, Problem } from '../config/model.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { groupOf } from '../kubernetes/object.ts';
import { shown } from '../source/path.ts';
import { hookOf, isTest } from './hooks.ts';
import type { DesiredObject, RenderResult, SourcePosition } from './model.ts';
import { objectFaults } from './object-rules.ts';

/** One document as a tool or a file gave it. */
export interface RenderedDocument {
  readonly value: Json;
  readonly source: SourcePosition;
  /** Place of a mapping inside the value, where the renderer knows it. */
  readonly positionOf?: (part: Json | undefined) => SourcePosition;
}

/** A `List` in a `List`; nobody nests deeper on purpose. */
const maxListLevels = 8;

class Collector {
  readonly app: Application;
  readonly objects: DesiredObject[] = [];
  readonly hooks: DesiredObject[] = [];
  readonly problems: Problem[] = [];
  readonly #seen = new Map<string, SourcePosition>();

  constructor(app: Application) {
    this.app = app;
  }

  problem(source: SourcePosition, code: string, message: string): void {
    this.problems.push(problemAt(source, code, message));
  }

  /** `written` is the value as the file has it, before a list filled in what its items leave out. */
  add(document: RenderedDocument, value: Json, level = 0, written: Json = value): void {
    const source = isObject(written) ? (document.positionOf?.(written) ?? document.source) : document.source;
    if (!isObject(value)) {
      this.problem(
        source,
        'ManifestNotObject',
        `a manifest is a mapping with apiVersion and kind, not ${kindOfValue(value)}`,
      );
      return;
    }
    const items = listItems(value);
    if (items === undefined) return this.#addObject(document, value, source);
    if (!Array.isArray(items))
      return this.problem(source, 'ManifestList', `items of a ${shownKind(value)} must be a list`);
    if (level >= maxListLevels) {
      return this.problem(source, 'ManifestList', `lists are nested deeper than ${maxListLevels} levels`);
    }
    for (const item of items as readonly Json[]) this.add(document, itemOf(value, item), level + 1, item);
  }

  #addObject(document: RenderedDocument, value: JsonObject, source: SourcePosition): void {
    const hook = hookOf(value);
    const faults = objectFaults(value, hook !== undefined);
    for (const fault of faults) {
      const at = fault.part === undefined ? source : (document.positionOf?.(fault.part) ?? source);
      this.problem(at, fault.code, fault.message);
    }
    if (faults.length > 0 || isTest(value)) return;
    // What `objectFaults` let pass has the shape of an object.
    const object = value as KubeObject;
    if (hook !== undefined) this.hooks.push({ object, source, hook });
    else if (this.#isNew(object, source)) this.objects.push({ object, source });
  }

  #isNew(object: KubeObject, source: SourcePosition): boolean {
    const { name = '', namespace = this.app.namespace ?? '' } = object.metadata;
    const key = `${groupOf(object.apiVersion)}/${object.kind}|${namespace}/${name}`;
    const first = this.#seen.get(key);
    if (first === undefined) {
      this.#seen.set(key, source);
      return true;
    }
    const what = namespace === '' ? `${object.kind}/${name}` : `${object.kind}/${namespace}/${name}`;
    this.problem(source, 'ManifestTwice', `${shown(what)} is there twice, first at ${placeText(first)}`);
    return false;
  }
}

const kindOfValue = (value: Json): string =>
  Array.isArray(value) ? 'a list' : typeof value === 'string' ? 'text' : `a ${typeof value}`;
const shownKind = (value: JsonObject): string =>
  typeof value['kind'] === 'string' ? shown(value['kind'], 80) : 'List';

/** The items of a `List`, or of what kubectl reads as one (`ConfigMapList`, `RoleList`, …); undefined for everything else. */
function listItems(value: JsonObject): Json | undefined {
  const kind = value['kind'];
  if (typeof kind !== 'string' || !kind.endsWith('List')) return undefined;
  if (kind === 'List' && value['apiVersion'] === 'v1') return value['items'] ?? [];
  // A custom kind may end in "List" and be no list.
  return Object.hasOwn(value, 'items') ? (value['items'] ?? []) : undefined;
}

/** Items of typed lists need no kind of their own. */
function itemOf(list: JsonObject, item: Json): Json {
  if (!isObject(item) || item['kind'] !== undefined || item['apiVersion'] !== undefined) return item;
  const { apiVersion, kind: listKind } = list;
  const kind = typeof listKind === 'string' ? listKind.slice(0, -'List'.length) : '';
  return kind === '' || apiVersion === undefined ? item : { apiVersion, kind, ...item };
}

/** `file:line`, as much of it as is known. */
function placeText(source: SourcePosition): string {
  return source.line === undefined ? shown(source.file) : `${shown(source.file)}:${source.line}`;
}

/** A problem at a source position; where the tool tells no line, the first. */
export function problemAt(source: SourcePosition, code: string, message: string): Problem {
  return { file: source.file, line: source.line ?? 1, column: source.column ?? 1, code, message };
}

/** Desired state of an application, or why its objects cannot be used. Nothing rendered is a refusal: it would mean "delete all". */
export function toDesired(app: Application, documents: Iterable<RenderedDocument>): RenderResult {
  const collector = new Collector(app);
  for (const document of documents) collector.add(document, document.value);
  if (collector.problems.length === 0 && collector.objects.length === 0 && collector.hooks.length === 0) {
    collector.problem(
      { file: app.path === '' ? '.' : app.path },
      'EmptyRender',
      'nothing is rendered here; to stop delivering an application, remove it from the configuration',
    );
  }
  if (collector.problems.length > 0) return { kind: 'refused', problems: collector.problems };
  const { objects, hooks } = collector;
  return { kind: 'desired', desired: { kind: 'kubernetes', objects, hooks }, warnings: [] };
}
