// Follows the health of what was applied: looks with growing gaps, never waits inside a look.
import { aggregate, hasHealth, objectHealth } from '../../core/kubernetes/health/assess.ts';
import type { HealthReport, ObjectHealth, ObserveRequest, Step, TargetContext } from '../../core/plan/target.ts';
import type { Cluster } from './cluster.ts';
import type { Kinds } from './kinds.ts';
import { lookAt, type Looking } from './look.ts';
import { explainSlow } from './pods.ts';
import { itemHealth, openView, viewOf } from './view.ts';

const firstGapMs = 300;
const lastGapMs = 5_000;
/** Looks after which an object that cannot tell its health is taken as it is: its controller had time to say `Ready`. */
const unknownLooks = 8;
/** Looks without asking why: most rollouts are done by then. */
const patientLooks = 3;

interface FollowToken {
  /** Looks so far. */
  readonly looks: number;
}

function readToken(token: string | undefined): FollowToken {
  if (token === undefined) return { looks: 0 };
  const parsed = JSON.parse(token) as Partial<FollowToken>;
  return { looks: typeof parsed.looks === 'number' ? parsed.looks : 0 };
}

/** Health of an application after acting: `wait` while anything is still on its way. */
export async function followHealth(
  cluster: Cluster,
  kinds: Kinds,
  request: ObserveRequest,
  context: TargetContext,
  token?: string,
): Promise<Step<HealthReport>> {
  const { looks } = readToken(token);
  const report = await lookAtHealth({ cluster, kinds, context }, request, looks);
  if (isSettled(report, looks)) return { status: 'done', value: report };
  const afterMs = Math.min(lastGapMs, Math.round(firstGapMs * 1.6 ** looks));
  return { status: 'wait', afterMs, token: JSON.stringify({ looks: looks + 1 }), note: report.message };
}

/** Stops as soon as all is well, or anything is broken; suspended objects wait for a person, not for time. */
function isSettled(report: HealthReport, looks: number): boolean {
  if (report.objects.some(({ health }) => health === 'Degraded')) return true;
  if (report.objects.some(({ health }) => health === 'Progressing' || health === 'Missing')) return false;
  return report.health !== 'Unknown' || looks >= unknownLooks;
}

async function lookAtHealth(looking: Looking, request: ObserveRequest, looks: number): Promise<HealthReport> {
  const { kinds, context } = looking;
  const view = viewOf({ ...request, depth: 'full' }, context);
  await openView(view, kinds, context);
  const plain: ObjectHealth[] = [];
  for (const [key, item] of view.items) {
    const written = item.wanted !== undefined && item.entry !== undefined;
    if (item.wanted === undefined) view.items.delete(key);
    else if (written && !hasHealth(item.id)) {
      // Written a moment ago, and existing is all it can do.
      plain.push(objectHealth(item.id, { health: 'Healthy', message: 'exists' }));
      view.items.delete(key);
    }
  }
  await lookAt(looking, [view]);
  const report = aggregate([...plain, ...[...view.items.values()].map(itemHealth)]);
  return looks < patientLooks ? report : await explainSlow(looking, view, report);
}
