// Takes one object away: deleted with preconditions, or released with our marks off it.
import type { Json, JsonObject } from '../../core/json.ts';
import { progressText } from '../../core/kubernetes/change.ts';
import { managedEntries } from '../../core/kubernetes/managed.ts';
import {
  appLabel,
  installationLabel,
  isOurs,
  marksOf,
  ownerAnnotation,
  ownerText,
} from '../../core/kubernetes/marks.ts';
import { idText, type KubeObject, type ObjectId } from '../../core/kubernetes/object.ts';
import { HoldfastError } from '../../core/errors.ts';
import { type Acting, beforeWrite, writeTimeoutMs } from './acting.ts';
import { isKubeError } from './errors.ts';
import type { RemoveStep } from './execution.ts';
import type { ObjectRef } from './types.ts';

const maxRounds = 4;

interface Removing {
  readonly id: ObjectId;
  readonly ref: ObjectRef;
}

async function refOf(acting: Acting, step: RemoveStep): Promise<Removing | undefined> {
  const id = acting.entries.get(step.key)?.id;
  if (id === undefined) return undefined;
  const found = (await acting.kinds()).lookup(id.group, id.kind, step.apiVersion);
  if (found.state === 'missing') return undefined;
  if (found.state === 'unknown') throw unknownKind(id, found.reason);
  return { id, ref: { resource: found.resource, namespace: id.namespace, name: id.name } };
}

function unknownKind(id: ObjectId, reason: string): HoldfastError {
  const object = idText(id);
  const message = `${object} cannot be seen`;
  return new HoldfastError({ code: 'LiveStateUnknown', source: 'remote', message, retryable: true, object, reason });
}

/** Removes. `pending`: accepted, and its absence is still to be seen. */
export async function removeObject(acting: Acting, step: RemoveStep): Promise<'gone' | 'pending'> {
  const removing = await refOf(acting, step);
  if (removing === undefined) {
    acting.entries.delete(step.key);
    return 'gone';
  }
  let { resourceVersion } = step;
  for (let round = 0; round < maxRounds; round += 1) {
    try {
      return await removeOnce(acting, step, removing, resourceVersion);
    } catch (error) {
      if (!isKubeError(error, 'Stale', 'Conflict')) throw error;
      const live = await read(acting, removing.ref);
      if (live === undefined) {
        acting.entries.delete(step.key);
        return 'gone';
      }
      // Still the object that we made: that its status moved does not change what is wanted.
      const { marks, former } = acting.view;
      const ours = [marks, ...(former === undefined ? [] : [former])].some((own) => isOurs(live, removing.id, own));
      if (live.metadata.uid !== step.uid || !ours) break;
      resourceVersion = live.metadata.resourceVersion ?? '';
    }
  }
  throw new HoldfastError({
    code: 'PlanStale',
    source: 'remote',
    message: `${idText(removing.id)} changed after the plan was made; planning again`,
    retryable: true,
    object: idText(removing.id),
  });
}

async function read(acting: Acting, ref: ObjectRef): Promise<KubeObject | undefined> {
  return await acting.cluster.request((client) => client.get(ref));
}

async function removeOnce(
  acting: Acting,
  step: RemoveStep,
  { id, ref }: Removing,
  resourceVersion: string,
): Promise<'gone' | 'pending'> {
  if (step.action === 'release') {
    await release(acting, step, { id, ref }, resourceVersion);
    acting.entries.delete(step.key);
    acting.context.report(`${idText(id)} released`);
    return 'gone';
  }
  const result = await acting.cluster.request(async (client) => {
    beforeWrite(acting);
    return await client.delete(ref, { uid: step.uid, resourceVersion, timeoutMs: writeTimeoutMs });
  });
  acting.context.report(progressText(id, 'delete'));
  if (result !== 'absent') return 'pending';
  acting.entries.delete(step.key);
  return 'gone';
}

/** Whether an object that was deleted is gone, or another one has taken its name; then it leaves the inventory. */
export async function seenGone(acting: Acting, step: RemoveStep): Promise<boolean> {
  const removing = await refOf(acting, step);
  const live = removing === undefined ? undefined : await read(acting, removing.ref);
  if (live !== undefined && live.metadata.uid === step.uid) return false;
  acting.entries.delete(step.key);
  return true;
}

function pointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Labels, annotation and manager in one patch: taken off, or rewritten for the application that gets the object. */
async function release(
  acting: Acting,
  step: RemoveStep,
  { id, ref }: Removing,
  resourceVersion: string,
): Promise<void> {
  const { cluster, context, view } = acting;
  const live = await read(acting, ref);
  if (live === undefined) return;
  const { installation, hash } = context;
  const next = step.to === undefined ? undefined : marksOf({ installation, application: step.to }, hash);
  const marks: readonly (readonly [string, string, string | undefined])[] = [
    ['labels', appLabel, next?.labels[appLabel]],
    ['labels', installationLabel, next?.labels[installationLabel]],
    ['annotations', ownerAnnotation, next === undefined ? undefined : ownerText(next, id)],
  ];
  const body: JsonObject[] = [{ op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion }];
  for (const [map, name, value] of marks) {
    const path = `/metadata/${map}/${pointer(name)}`;
    body.push(value === undefined ? { op: 'remove', path } : { op: 'replace', path, value });
  }
  body.push({
    op: 'replace',
    path: '/metadata/managedFields',
    value: handedOver(live, view.marks.manager, next?.manager),
  });
  const manager = next?.manager ?? view.marks.manager;
  await cluster.request(async (client) => {
    beforeWrite(acting);
    await client.patch(ref, 'json', body, { manager, timeoutMs: writeTimeoutMs });
  });
}

/** The list of managers without ours, or with its new name. */
function handedOver(live: KubeObject, from: string, to: string | undefined): readonly Json[] {
  return managedEntries(live).flatMap((entry): readonly Json[] => {
    const plain = entry as unknown as JsonObject;
    if (entry.manager !== from) return [plain];
    return to === undefined ? [] : [{ ...plain, manager: to }];
  });
}
