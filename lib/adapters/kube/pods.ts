// Why a rollout does not move: what its pods say. Only asked about what is still on its way after a few looks.
import { isObject, type JsonObject } from '../../core/json.ts';
import { aggregate, assess } from '../../core/kubernetes/health/assess.ts';
import type { KubeObject } from '../../core/kubernetes/object.ts';
import type { HealthReport, ObjectHealth } from '../../core/plan/target.ts';
import { isKubeError } from './errors.ts';
import type { Looking } from './look.ts';
import type { Item, View } from './view.ts';

/** Workloads that are asked about in one look, and pods that are read of each. */
const mostWorkloads = 3;
const mostPods = 50;

function selectorOf(workload: KubeObject): string | undefined {
  const spec = workload['spec'];
  const selector = isObject(spec) && isObject(spec['selector']) ? spec['selector'] : undefined;
  // A ReplicationController selects by plain labels.
  const labels: JsonObject | undefined = isObject(selector?.['matchLabels']) ? selector['matchLabels'] : selector;
  const pairs = Object.entries(labels ?? {}).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return pairs.length === 0 ? undefined : pairs.map(([name, value]) => `${name}=${value}`).join(',');
}

function hasPods({ id }: Item): boolean {
  return id.group === 'apps' || id.kind === 'ReplicationController' || (id.group === 'batch' && id.kind === 'Job');
}

/** What the worst pod of a workload says; undefined when nothing is wrong, or nobody may look. */
async function podTrouble({ cluster, kinds, context }: Looking, item: Item): Promise<string | undefined> {
  const selector = item.look?.state === 'present' ? selectorOf(item.look.object) : undefined;
  const pods = kinds.lookup('', 'Pod', 'v1');
  if (selector === undefined || pods.state !== 'found') return undefined;
  const { namespace } = item.id;
  const options = { namespace, labelSelector: selector, pageSize: mostPods, signal: context.signal };
  try {
    return await cluster.request(async (client) => {
      for await (const page of client.list(pods.resource, options)) return worstPod(page.items);
      return undefined;
    });
  } catch (error) {
    // Health does not depend on it; a cluster that is gone is told by the next look.
    if (isKubeError(error)) return undefined;
    throw error;
  }
}

function worstPod(pods: readonly KubeObject[]): string | undefined {
  const verdicts = pods.map((pod) => ({ pod, ...assess(pod) }));
  const worst =
    verdicts.find(({ health }) => health === 'Degraded') ?? verdicts.find(({ health }) => health === 'Progressing');
  return worst === undefined ? undefined : `pod ${worst.pod.metadata.name ?? ''}: ${worst.message}`;
}

/** The report with what the pods of slow workloads say. */
export async function explainSlow(looking: Looking, view: View, report: HealthReport): Promise<HealthReport> {
  const slow = [...view.items.values()]
    .filter((item) => item.health?.health === 'Progressing' && hasPods(item))
    .slice(0, mostWorkloads);
  if (slow.length === 0) return report;
  const troubles = new Map<ObjectHealth | undefined, string>();
  await Promise.all(
    slow.map(async (item) => {
      const trouble = await podTrouble(looking, item);
      if (trouble !== undefined) troubles.set(item.health, trouble);
    }),
  );
  return aggregate(
    report.objects.map((one) => {
      const trouble = troubles.get(one);
      return trouble === undefined ? one : { ...one, message: `${one.message}; ${trouble}` };
    }),
  );
}
