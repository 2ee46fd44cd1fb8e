// Follows the health of what was applied: looks with growing gaps, never waits inside a look.
import { aggregate, assess, hasHealth, objectHealth } from '../../core/kubernetes/health/assess.ts';
import type { HealthReport, ObjectHealth, ObserveRequest, Step, TargetContext } from '../../core/plan/target.ts';
import type { Cluster } from './cluster.ts';
import type { Kinds } from './kinds.ts';
import { lookAt } from './look.ts';
import { openDesired, type View, viewOf } from './view.ts';
import { idKey } from '../../core/kubernetes/object.ts';

const firstGapMs = 300;
const lastGapMs = 5_000;
/** Looks after which an object that cannot tell its health is taken as it is: its controller had time to say `Ready`. */
const unknownLooks = 8;

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
  const report = await lookAtHealth(cluster, kinds, request, context);
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

async function lookAtHealth(
  cluster: Cluster,
  kinds: Kinds,
  request: ObserveRequest,
  context: TargetContext,
): Promise<HealthReport> {
  const view = viewOf({ ...request, depth: 'full' }, context);
  const opened = await openDesired(request, view.marks, kinds, context);
  const wanted = new Set(opened.wanted.map(({ placed }) => idKey(placed.id)));
  const plain: ObjectHealth[] = [];
  for (const [key, item] of view.items) {
    if (!wanted.has(key)) view.items.delete(key);
    else if (!hasHealth(item.id)) {
      // Written a moment ago, and existing is all it can do.
      plain.push(objectHealth(item.id, { health: 'Healthy', message: 'exists' }));
      view.items.delete(key);
    }
  }
  await lookAt({ cluster, kinds, context }, [view]);
  return aggregate([...plain, ...lookedAt(view)]);
}

function lookedAt(view: View): readonly ObjectHealth[] {
  return [...view.items.values()].map((item) => {
    switch (item.look?.state) {
      case 'present':
        return item.health ?? objectHealth(item.id, assess(item.look.object));
      case 'absent':
      case 'unserved':
        return objectHealth(item.id, { health: 'Missing', message: 'it does not exist' });
      case 'unknown':
        return objectHealth(item.id, { health: 'Unknown', message: item.look.failure.message });
      default:
        return objectHealth(item.id, { health: 'Unknown', message: 'it was not looked at' });
    }
  });
}
