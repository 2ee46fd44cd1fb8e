// Waits for what the next wave leans on: CRDs that are served, namespaces that are not on their way out.
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '../../core/errors.ts';
import { assess } from '../../core/kubernetes/health/assess.ts';
import { idText, type KubeObject, type ObjectId } from '../../core/kubernetes/object.ts';
import { isCustomResourceDefinition } from '../../core/kubernetes/scope.ts';
import type { Acting } from './acting.ts';
import { isKubeError } from './errors.ts';
import { declaredResource } from './kinds.ts';
import type { Wanted } from './view.ts';

const firstWaitMs = 20;
const longestWaitMs = 500;
const patienceMs = 15_000;

/** Waits, and gives up early when told to stop. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {
    throw new HoldfastError({ code: 'Interrupted', source: 'system', message: 'Stopped', retryable: true });
  });
}

/** Until a CRD is established. Other kinds of the first wave are usable as soon as they are written. */
export async function awaitServed(acting: Acting, id: ObjectId, sent: KubeObject): Promise<void> {
  if (!isCustomResourceDefinition(sent)) return;
  const { cluster, context } = acting;
  const found = (await acting.kinds()).lookup(id.group, id.kind, sent.apiVersion);
  if (found.state !== 'found') return;
  const ref = { resource: found.resource, namespace: '', name: id.name };
  const deadline = performance.now() + patienceMs;
  for (let wait = firstWaitMs; ; wait = Math.min(wait * 2, longestWaitMs)) {
    const live = await cluster.request((client) => client.get(ref));
    const verdict = live === undefined ? undefined : assess(live);
    if (verdict?.health === 'Healthy') return;
    if (verdict?.health === 'Degraded' || performance.now() > deadline) {
      throw new HoldfastError({
        code: 'CrdNotEstablished',
        source: verdict?.health === 'Degraded' ? 'user' : 'remote',
        message: `${idText(id)}: ${verdict?.message ?? 'it is gone'}`,
        retryable: verdict?.health !== 'Degraded',
        object: idText(id),
      });
    }
    await pause(wait, context.signal);
  }
}

/** Writes an object whose kind a CRD of the same plan declares: the server takes a moment to serve it even then. */
export async function servedSoon<T>(
  acting: Acting,
  wanted: Wanted,
  write: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let wait = firstWaitMs; ; wait = Math.min(wait * 2, longestWaitMs)) {
    try {
      return await write();
    } catch (error) {
      if (!isKubeError(error, 'UnknownResource') || performance.now() > deadline) throw error;
      const objects = [...acting.wanted.values()].map(({ placed }) => placed.object);
      if (declaredResource(objects, wanted.sent.apiVersion, wanted.placed.id.kind) === undefined) throw error;
    }
    await pause(wait, signal);
  }
}
