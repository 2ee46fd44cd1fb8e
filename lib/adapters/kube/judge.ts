// The only judge of what a write would change: a server-side dry run of one object, with conflicts decided by the rules.
import { asFailure } from '../../core/errors.ts';
import { claim, type Claim, isAdoptedManager } from '../../core/kubernetes/claim.ts';
import { differences, ownershipDiffers } from '../../core/kubernetes/compare.ts';
import { decideConflicts } from '../../core/kubernetes/conflicts.ts';
import { stripPaths } from '../../core/kubernetes/field-path.ts';
import { maskedFailure } from '../../core/kubernetes/failure.ts';
import { fieldManager } from '../../core/kubernetes/marks.ts';
import { idText, type KubeObject } from '../../core/kubernetes/object.ts';
import type { TargetContext } from '../../core/plan/target.ts';
import type { Cluster } from './cluster.ts';
import { isKubeError, type KubeErrorCode } from './errors.ts';
import type { ApiResource } from './types.ts';
import { formerId, type Item, type Judgement, type View, type Wanted } from './view.ts';

/** How often an object may change under our hands before the plan is given up; a rollout writes status all the time. */
const maxRounds = 5;

/** What the server says about the object itself: reasons to hold a plan, not to give up the cluster. */
export const objectRefusals: readonly KubeErrorCode[] = [
  'Forbidden',
  'Invalid',
  'SchemaMistake',
  'BadRequest',
  'AdmissionDenied',
  'WebhookDown',
  'QuotaExceeded',
  'NamespaceTerminating',
  'NamespaceMissing',
  'UnknownResource',
  'AlreadyExists',
  'Conflict',
  'ClusterFault',
];

/** What judging one object needs to know. */
export interface Judging {
  readonly cluster: Cluster;
  readonly context: TargetContext;
  readonly view: View;
}

/** Whose a live object is, for this application. */
export function claimOf(judging: Judging, item: Item, live: KubeObject): Claim {
  const { view } = judging;
  const movedFrom = formerId(view.request.app);
  return claim(live, item.id, {
    marks: view.marks,
    entry: item.entry,
    adoptFrom: view.request.app.adoptFrom,
    ...(movedFrom === undefined ? {} : { movedFrom }),
  });
}

/** Which managers hand their fields over to us when an object is taken over. */
export function adoptedManagers(judging: Judging, claimed: Claim): (manager: string) => boolean {
  if (claimed.kind !== 'adopt') return () => false;
  const former = formerId(judging.view.request.app);
  const { hash, installation } = judging.context;
  const formerManager = former === undefined ? undefined : fieldManager({ installation, application: former }, hash);
  return (manager) => manager === formerManager || isAdoptedManager(manager, claimed.from);
}

/** Judges a live object; looks again when it changed meanwhile. */
export async function judge(judging: Judging, resource: ApiResource, item: Item, wanted: Wanted): Promise<Judgement> {
  let live: KubeObject | undefined = item.look?.state === 'present' ? item.look.object : undefined;
  for (let round = 0; live !== undefined && round < maxRounds; round += 1) {
    const claimed = claimOf(judging, item, live);
    if (claimed.kind === 'refused') return { kind: 'refused', failure: claimed.failure };
    if (live.metadata.deletionTimestamp !== undefined) return { kind: 'refused', failure: goingAway(item) };
    const answer = await dryRun(judging, resource, { item, wanted, live, claimed });
    if (answer !== 'stale') return answer;
    live = await readAgain(judging, resource, item);
  }
  return { kind: 'refused', failure: changing(item) };
}

async function readAgain(judging: Judging, resource: ApiResource, item: Item): Promise<KubeObject | undefined> {
  const { namespace, name } = item.id;
  const { signal } = judging.context;
  return await judging.cluster.request((client) => client.get({ resource, namespace, name }, { signal }));
}

interface Round {
  readonly item: Item;
  readonly wanted: Wanted;
  readonly live: KubeObject;
  readonly claimed: Claim;
}

async function dryRun(judging: Judging, resource: ApiResource, round: Round): Promise<Judgement | 'stale'> {
  const { item, wanted, live } = round;
  let force = false;
  let strip: readonly string[] = [];
  // Once as it is, once more with what the conflicts were decided to.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      const predicted = await tryWrite(judging, resource, { sent: stripPaths(wanted.sent, strip), live, force });
      return verdict(judging, live, predicted, { force, strip });
    } catch (error) {
      if (isKubeError(error, 'Stale', 'NotFound')) return 'stale';
      if (isKubeError(error, 'Immutable')) {
        const fields = error.causes.map((cause) => cause.field).filter((field) => field !== '');
        const failure = maskedFailure(immutable(item, fields, error.reason), wanted.sent);
        return { kind: 'immutable', live, fields, failure };
      }
      if (isKubeError(error, 'Conflict') && error.conflicts.length > 0 && attempt < 2) {
        const decision = decideConflicts({
          conflicts: error.conflicts,
          owned: item.entry?.owned ?? '',
          policy: judging.view.request.app.conflicts,
          installation: judging.context.installation,
          adopted: adoptedManagers(judging, round.claimed),
          object: idText(item.id),
        });
        if (decision.kind === 'fail') return { kind: 'refused', failure: decision.failure };
        force = decision.kind === 'force';
        strip = [...strip, ...decision.strip];
        continue;
      }
      if (isKubeError(error, ...objectRefusals)) {
        return { kind: 'refused', failure: maskedFailure(asFailure(error), wanted.sent) };
      }
      throw error;
    }
  }
  return 'stale';
}

interface Attempt {
  readonly sent: KubeObject;
  readonly live: KubeObject;
  readonly force: boolean;
}

async function tryWrite(judging: Judging, resource: ApiResource, attempt: Attempt): Promise<KubeObject> {
  const { uid, resourceVersion } = attempt.live.metadata;
  const { signal } = judging.context;
  const result = await judging.cluster.request((client) =>
    client.apply(resource, attempt.sent, {
      manager: judging.view.marks.manager,
      dryRun: true,
      force: attempt.force,
      signal,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    }),
  );
  return result.object;
}

function verdict(
  judging: Judging,
  live: KubeObject,
  predicted: KubeObject,
  how: { readonly force: boolean; readonly strip: readonly string[] },
): Judgement {
  const { manager } = judging.view.marks;
  const fields = differences(live, predicted, manager);
  if (fields.length > 0) return { kind: 'differs', live, fields, ...how };
  return { kind: 'same', live, ownershipDiffers: ownershipDiffers(live, predicted, manager), ...how };
}

function immutable(item: Item, fields: readonly string[], reason: string | undefined) {
  const object = idText(item.id);
  const named = fields.length === 0 ? 'a field' : fields.join(', ');
  return {
    code: 'ImmutableField',
    source: 'user',
    message: `${object}: ${named} cannot change while the object exists`,
    retryable: false,
    object,
    next: 'Give the object another name, or delete it yourself and sync again',
    ...(reason === undefined ? {} : { reason }),
  } as const;
}

function goingAway(item: Item) {
  const object = idText(item.id);
  return {
    code: 'BeingDeleted',
    source: 'remote',
    message: `${object} is being deleted; it can be made again once it is gone`,
    retryable: true,
    object,
  } as const;
}

function changing(item: Item) {
  const object = idText(item.id);
  return {
    code: 'PlanStale',
    source: 'remote',
    message: `${object} changes faster than it can be looked at, or is gone`,
    retryable: true,
    object,
  } as const;
}
