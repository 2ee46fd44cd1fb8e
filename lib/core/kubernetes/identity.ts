// Identity of rendered objects: scope and namespace decided in one place, for validate, plan and act alike.
import type { Problem } from '../config/model.ts';
import type { DesiredObject, SourcePosition } from '../render/model.ts';
import { normalise } from './normalise.ts';
import { groupOf, idKey, idText, type KubeObject, type ObjectId } from './object.ts';
import type { ScopeOf } from './scope.ts';

/** A rendered object that knows where it goes. */
export interface PlacedObject {
  readonly id: ObjectId;
  /** Normalised, with its namespace written in (and taken out of cluster-scoped objects). No marks. */
  readonly object: KubeObject;
  readonly source: SourcePosition;
  /** False when nothing known declares the kind: only a cluster can tell. */
  readonly kindKnown: boolean;
}

export interface Placement {
  readonly placed: readonly PlacedObject[];
  readonly problems: readonly Problem[];
}

export interface PlaceOptions {
  /** Namespace of the application, for namespaced objects that name none. */
  readonly namespace?: string;
  readonly scopeOf: ScopeOf;
}

function problem(source: SourcePosition, code: string, message: string): Problem {
  return { file: source.file, line: source.line ?? 1, column: source.column ?? 1, code, message };
}

function withNamespace(object: KubeObject, namespace: string): KubeObject {
  if ((object.metadata.namespace ?? '') === namespace) return object;
  const { namespace: _, ...metadata } = object.metadata;
  return { ...object, metadata: namespace === '' ? metadata : { ...metadata, namespace } };
}

function placeOne(desired: DesiredObject, options: PlaceOptions): PlacedObject | Problem {
  const object = normalise(desired.object);
  const group = groupOf(object.apiVersion);
  const scope = options.scopeOf(group, object.kind);
  const name = object.metadata.name ?? '';
  const written = object.metadata.namespace ?? '';
  const namespace = scope === 'cluster' ? '' : written === '' ? (options.namespace ?? '') : written;
  if (scope === 'namespaced' && namespace === '') {
    return problem(
      desired.source,
      'NamespaceMissing',
      `${object.kind}/${name} needs a namespace: write metadata.namespace in it, or namespace: in the application`,
    );
  }
  return {
    id: { group, kind: object.kind, namespace, name },
    object: withNamespace(object, namespace),
    source: desired.source,
    kindKnown: scope !== undefined,
  };
}

/** Places every object. Namespaced objects without a namespace, and objects that turn out to be the same one, are problems. */
export function place(objects: readonly DesiredObject[], options: PlaceOptions): Placement {
  const placed = new Map<string, PlacedObject>();
  const problems: Problem[] = [];
  for (const desired of objects) {
    const found = placeOne(desired, options);
    if ('code' in found) {
      problems.push(found);
      continue;
    }
    const key = idKey(found.id);
    const first = placed.get(key);
    if (first === undefined) placed.set(key, found);
    else {
      const where = first.source.line === undefined ? first.source.file : `${first.source.file}:${first.source.line}`;
      problems.push(problem(found.source, 'DuplicateObject', `${idText(found.id)} is already declared in ${where}`));
    }
  }
  return { placed: [...placed.values()], problems };
}
