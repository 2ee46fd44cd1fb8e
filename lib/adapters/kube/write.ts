// Writes one object as it was planned. What moved meanwhile is looked at again, and written only if the change is still the same.
import { HoldfastError } from '../../core/errors.ts';
import { objectChange, progressText } from '../../core/kubernetes/change.ts';
import { stripPaths } from '../../core/kubernetes/field-path.ts';
import { settledEntry } from '../../core/kubernetes/inventory.ts';
import { managedEntries, managedEntry, subtractFields } from '../../core/kubernetes/managed.ts';
import { idText, type KubeObject } from '../../core/kubernetes/object.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { type Acting, beforeWrite, writeTimeoutMs } from './acting.ts';
import { isKubeError } from './errors.ts';
import type { WriteStep } from './execution.ts';
import { adoptedManagers, claimOf, judge, type Judging } from './judge.ts';
import { declaredResource } from './kinds.ts';
import { servedSoon } from './established.ts';
import type { ApiResource, ApplyResult } from './types.ts';
import type { Item, Wanted } from './view.ts';

const maxRounds = 5;

/** What is sent, after another look perhaps. */
interface Target {
  readonly uid?: string;
  readonly resourceVersion: string;
  readonly force: boolean;
  readonly strip: readonly string[];
}

/** Writes one object and records it. Throws what refused it. */
export async function writeObject(acting: Acting, step: WriteStep): Promise<Wanted> {
  const wanted = acting.wanted.get(step.key);
  if (wanted === undefined) throw stale(step.key.replace('|', ' '));
  const { id } = wanted.placed;
  const resource = await resourceFor(acting, wanted);
  let target: Target = step;
  for (let round = 0; round < maxRounds; round += 1) {
    try {
      const result = await send(acting, resource, wanted, target);
      const live = step.action === 'adopt' ? await takeFields(acting, resource, wanted, result.object) : result.object;
      record(acting, step, wanted, live);
      for (const warning of result.warnings) acting.context.report(`${idText(id)}: ${warning}`);
      acting.context.report(progressText(id, step.action));
      return wanted;
    } catch (error) {
      // A hand edit that came after the plan is a conflict before it is a stale version.
      if (!isKubeError(error, 'Stale', 'Conflict', 'AlreadyExists', 'NotFound')) throw error;
      const again = await planAgain(acting, resource, step, wanted);
      if (again === 'done') return wanted;
      target = again;
    }
  }
  throw stale(idText(id));
}

function stale(object: string): HoldfastError {
  return new HoldfastError({
    code: 'PlanStale',
    source: 'remote',
    message: `${object} changed after the plan was made; planning again`,
    retryable: true,
    object,
  });
}

async function resourceFor(acting: Acting, { placed, sent }: Wanted): Promise<ApiResource> {
  const found = (await acting.kinds()).lookup(placed.id.group, placed.id.kind, sent.apiVersion);
  if (found.state === 'found') return found.resource;
  const objects = [...acting.wanted.values()].map((one) => one.placed.object);
  const declared = declaredResource(objects, sent.apiVersion, placed.id.kind);
  if (declared !== undefined) return declared;
  throw new HoldfastError({
    code: 'UnknownKind',
    source: 'user',
    message: `${idText(placed.id)}: the cluster does not serve ${sent.apiVersion} ${placed.id.kind}`,
    retryable: true,
    object: idText(placed.id),
  });
}

async function send(acting: Acting, resource: ApiResource, wanted: Wanted, target: Target): Promise<ApplyResult> {
  const { cluster, context, view } = acting;
  const sent = stripPaths(wanted.sent, target.strip);
  return await servedSoon(
    acting,
    wanted,
    async () =>
      cluster.request(async (client) => {
        beforeWrite(acting);
        return await client.apply(resource, sent, {
          manager: view.marks.manager,
          force: target.force,
          resourceVersion: target.resourceVersion,
          timeoutMs: writeTimeoutMs,
          ...(target.uid === undefined ? {} : { uid: target.uid }),
        });
      }),
    context.signal,
  );
}

function record(acting: Acting, step: WriteStep, wanted: Wanted, live: KubeObject): void {
  const origin = acting.entries.get(step.key)?.origin ?? (step.action === 'adopt' ? 'adopted' : 'created');
  const { id } = wanted.placed;
  const facts = { id, live, origin, digest: wanted.digest, marks: acting.view.marks } as const;
  acting.entries.set(step.key, settledEntry(facts, acting.context.hmac));
}

function itemFor(acting: Acting, step: WriteStep, wanted: Wanted, live: KubeObject): Item {
  return {
    id: wanted.placed.id,
    key: step.key,
    apiVersion: wanted.sent.apiVersion,
    entry: acting.entries.get(step.key),
    wanted,
    look: { state: 'present', object: live, unchanged: false },
    health: undefined,
    judgement: undefined,
  };
}

/** The object moved: look again. The same change is written to what is there now; anything else is planned anew. */
async function planAgain(
  acting: Acting,
  resource: ApiResource,
  step: WriteStep,
  wanted: Wanted,
): Promise<Target | 'done'> {
  const { cluster, context, view } = acting;
  const { id } = wanted.placed;
  const { namespace, name } = id;
  const live = await cluster.request((client) => client.get({ resource, namespace, name }));
  if (live === undefined) throw stale(idText(id));
  const judging: Judging = { cluster, context, view };
  const item = itemFor(acting, step, wanted, live);
  const judgement = await judge(judging, resource, item, wanted);
  if (judgement.kind !== 'differs' && judgement.kind !== 'same') throw stale(idText(id));
  const claimed = claimOf(judging, item, judgement.live);
  const fields = judgement.kind === 'differs' ? judgement.fields : [];
  if (judgement.kind === 'same' && !judgement.ownershipDiffers && claimed.kind === 'ours') {
    // Our own write whose answer was lost: the object is as it should be.
    record(acting, step, wanted, judgement.live);
    return 'done';
  }
  const { metadata } = judgement.live;
  const change = objectChange(
    {
      target: view.request.app.target,
      id,
      action: claimed.kind === 'adopt' ? 'adopt' : 'update',
      uid: metadata.uid,
      fields,
    },
    context.hmac,
  );
  if (change.id !== step.change) throw stale(idText(id));
  return {
    resourceVersion: metadata.resourceVersion ?? '',
    force: judgement.force,
    strip: judgement.strip,
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
  };
}

/**
 * After an adoption the tools that wrote the object before still count as owners of the same fields, so that removing
 * a field from Git would not remove it from the cluster. Their claim to what is ours now is taken away; the rest stays theirs.
 */
async function takeFields(
  acting: Acting,
  resource: ApiResource,
  wanted: Wanted,
  live: KubeObject,
): Promise<KubeObject> {
  const { cluster, context, view } = acting;
  const ours = managedEntry(live, view.marks.manager);
  const judging: Judging = { cluster, context, view };
  const adopted = adoptedManagers(judging, { kind: 'adopt', from: view.request.app.adoptFrom, note: '' });
  if (ours === undefined) return live;
  let changed = false;
  const entries = managedEntries(live).flatMap((entry): readonly Json[] => {
    if (!adopted(entry.manager) || entry.subresource) return [entry as unknown as JsonObject];
    const left = subtractFields(entry.fieldsV1, ours.fieldsV1);
    changed = true;
    return left === undefined ? [] : [{ ...(entry as unknown as JsonObject), fieldsV1: left }];
  });
  if (!changed) return live;
  const { namespace, name } = wanted.placed.id;
  const body = [
    { op: 'replace', path: '/metadata/managedFields', value: entries },
    { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion ?? '' },
  ];
  try {
    return await cluster.request(async (client) => {
      beforeWrite(acting);
      const { manager } = view.marks;
      return await client.patch({ resource, namespace, name }, 'json', body, { manager, timeoutMs: writeTimeoutMs });
    });
  } catch (error) {
    // Its controller was faster. The object is adopted; who else counts as an owner matters only when a field is removed.
    if (isKubeError(error, 'Stale', 'Conflict')) return live;
    throw error;
  }
}
