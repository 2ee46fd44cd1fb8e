// What is known of one application on a cluster while it is looked at: its items, wanted or recorded, and what was seen of each.
import type { Application } from '../../core/config/model.ts';
import type { Failure } from '../../core/errors.ts';
import { place, type PlacedObject } from '../../core/kubernetes/identity.ts';
import {
  desiredDigest,
  entriesByKey,
  type LiveMark,
  type ObjectEntry,
  settingsDigest,
} from '../../core/kubernetes/inventory.ts';
import { isObject } from '../../core/json.ts';
import { objectHealth } from '../../core/kubernetes/health/assess.ts';
import { type Marks, marksOf, withMarks } from '../../core/kubernetes/marks.ts';
import { idKey, type KubeObject, type ObjectId } from '../../core/kubernetes/object.ts';
import type { FieldChange } from '../../core/plan/model.ts';
import type { ObjectHealth, ObserveRequest, TargetContext } from '../../core/plan/target.ts';
import { type Problem, problemsFailure } from '../../core/config/model.ts';
import type { DesiredObject } from '../../core/render/model.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { Kinds } from './kinds.ts';

/** An object that Git wants. */
export interface Wanted {
  readonly placed: PlacedObject;
  /** As it is sent: placed, with marks. */
  readonly sent: KubeObject;
  readonly digest: string;
}

export type Look =
  /** As we left it; the object itself was not kept. */
  | { readonly state: 'unchanged'; readonly mark: LiveMark }
  | { readonly state: 'present'; readonly object: KubeObject; readonly unchanged: boolean }
  /** Proven: the server says that there is none. */
  | { readonly state: 'absent' }
  /** The cluster does not serve the kind. */
  | { readonly state: 'unserved' }
  /** Nobody can tell; never read as absent. */
  | { readonly state: 'unknown'; readonly failure: Failure };

/** What a dry run said about one object. */
export type Judgement =
  | {
      readonly kind: 'same';
      readonly live: KubeObject;
      readonly ownershipDiffers: boolean;
      readonly force: boolean;
      readonly strip: readonly string[];
    }
  | {
      readonly kind: 'differs';
      readonly live: KubeObject;
      /** Unmasked: never leaves this process as it is. */
      readonly fields: readonly FieldChange[];
      readonly force: boolean;
      readonly strip: readonly string[];
    }
  | {
      readonly kind: 'immutable';
      readonly live: KubeObject;
      readonly fields: readonly string[];
      readonly failure: Failure;
    }
  | { readonly kind: 'refused'; readonly failure: Failure };

/** One object of an application: wanted, recorded, or both. */
export interface Item {
  readonly id: ObjectId;
  readonly key: string;
  /** Version it is read in: the one it is (to be) written in. Absent: the cluster's choice. */
  readonly apiVersion: string | undefined;
  readonly entry: ObjectEntry | undefined;
  wanted: Wanted | undefined;
  look: Look | undefined;
  health: ObjectHealth | undefined;
  judgement: Judgement | undefined;
}

/** An object that carries our marks and is neither wanted nor recorded. */
export interface Extra {
  readonly id: ObjectId;
  readonly apiVersion: string;
  readonly uid: string | undefined;
}

export interface View {
  readonly request: ObserveRequest;
  readonly marks: Marks;
  /** Marks of the application's former name, when it was renamed. */
  readonly former?: Marks;
  /** Desired state unchanged since it was applied completely: only drift is possible. */
  readonly atRest: boolean;
  readonly settings: string;
  readonly items: Map<string, Item>;
  readonly extras: Map<string, Extra>;
  opened: Opened | undefined;
}

/** The desired state once its blob was read. */
export interface Opened {
  readonly wanted: readonly Wanted[];
  readonly hooks: readonly DesiredObject[];
}

/** A view that knows only what the inventory says. */
export function viewOf(request: ObserveRequest, context: TargetContext): View {
  const marks = marksOf({ installation: context.installation, application: request.app.id }, context.hash);
  const items = new Map<string, Item>();
  for (const [key, entry] of entriesByKey(request.inventory)) {
    items.set(key, {
      id: entry.id,
      key,
      apiVersion: entry.apiVersion,
      entry,
      wanted: undefined,
      look: undefined,
      health: undefined,
      judgement: undefined,
    });
  }
  // What one run was told to leave standing is not at rest for the next one.
  const prune = { ...request.app.prune, enabled: request.prune?.enabled ?? request.app.prune.enabled };
  const settings = settingsDigest({ ...request.app, prune }, marks);
  const atRest =
    request.appliedDigest !== undefined &&
    request.appliedDigest === request.desiredDigest &&
    request.inventory.settings === settings;
  const former = formerId(request.app);
  return {
    request,
    marks,
    ...(former === undefined ? {} : { former: marksOf({ ...marks.owner, application: former }, context.hash) }),
    atRest,
    settings,
    items,
    extras: new Map(),
    opened: undefined,
  };
}

/** Whether the inventory alone may answer: nothing can have changed but the cluster. */
export function mayAnswerFromInventory(view: View): boolean {
  const { depth, pruneHeld, prune } = view.request;
  // A person who confirms deletes asks about what was kept so far.
  if (!view.atRest || depth === 'full' || pruneHeld || prune?.confirmed === true) return false;
  for (const { entry } of view.items.values()) if (entry?.baseline === undefined) return false;
  return true;
}

/** Desired state of an application, placed and marked. Throws for a desired state that cannot be placed. */
export async function openDesired(
  request: ObserveRequest,
  marks: Marks,
  kinds: Kinds,
  context: TargetContext,
): Promise<Opened> {
  const desired = await request.desired();
  if (desired.kind !== 'kubernetes') {
    throw new HoldfastError({
      code: 'WrongTarget',
      source: 'user',
      message: `${request.app.name} is a stack, and ${request.app.target} is a cluster`,
    });
  }
  const scopeOf = kinds.scopes(desired.objects.map(({ object }) => object));
  const { namespace } = request.app;
  const { placed, problems } = place(desired.objects, { scopeOf, ...(namespace === undefined ? {} : { namespace }) });
  if (problems.length > 0) throw placementError(problems, request.app.name);
  const wanted = placed.map((one) => {
    const sent = withMarks(one.object, one.id, marks);
    return { placed: one, sent, digest: desiredDigest(sent, context.hmac) };
  });
  return { wanted, hooks: desired.hooks };
}

function placementError(problems: readonly Problem[], name: string): HoldfastError {
  return new HoldfastError(problemsFailure(problems, `holdfast render ${name}`));
}

/** Adds what Git wants to a view. Items whose object was not kept and is needed now are looked at again. */
export async function openView(view: View, kinds: Kinds, context: TargetContext): Promise<void> {
  if (view.opened !== undefined) return;
  view.opened = await openDesired(view.request, view.marks, kinds, context);
  for (const wanted of view.opened.wanted) {
    const { id, object } = wanted.placed;
    const key = idKey(id);
    const known = view.items.get(key);
    const item: Item = {
      id,
      key,
      apiVersion: object.apiVersion,
      entry: known?.entry,
      wanted,
      look: known?.apiVersion === object.apiVersion ? known.look : undefined,
      health: known?.health,
      judgement: undefined,
    };
    view.items.set(key, item);
    view.extras.delete(key);
  }
  for (const item of view.items.values()) {
    const stillGood = item.wanted !== undefined && item.wanted.digest === item.entry?.digest;
    if (item.look?.state === 'unchanged' && !stillGood) item.look = undefined;
    if (item.look?.state === 'present' && item.look.unchanged && !stillGood) {
      item.look = { ...item.look, unchanged: false };
    }
  }
}

/** A Job that was applied as it is wanted and then cleaned itself up: it did its work, and must not run again. */
export function isSpent(item: Item): boolean {
  const { wanted, entry, look } = item;
  if (look?.state !== 'absent' || wanted === undefined || entry?.uid === undefined) return false;
  const spec = wanted.sent['spec'];
  const cleansUp = isObject(spec) && typeof spec['ttlSecondsAfterFinished'] === 'number';
  return item.id.kind === 'Job' && item.id.group === 'batch' && cleansUp && entry.digest === wanted.digest;
}

/** Health of one item as it was seen. */
export function itemHealth(item: Item): ObjectHealth {
  if (isSpent(item)) return objectHealth(item.id, { health: 'Healthy', message: 'it ran, and cleaned itself up' });
  switch (item.look?.state) {
    case 'present':
    case 'unchanged':
      return item.health ?? objectHealth(item.id, { health: 'Unknown', message: 'it was not judged' });
    case 'absent':
    case 'unserved':
      return objectHealth(item.id, { health: 'Missing', message: 'it does not exist' });
    case 'unknown':
      return objectHealth(item.id, { health: 'Unknown', message: item.look.failure.message });
    default:
      return objectHealth(item.id, { health: 'Unknown', message: 'it was not looked at' });
  }
}

/** Id of an application under its former name. */
export function formerId(app: Application): string | undefined {
  if (app.movedFrom === undefined) return undefined;
  return app.movedFrom.includes('/') ? app.movedFrom : `${app.alias}/${app.movedFrom}`;
}
