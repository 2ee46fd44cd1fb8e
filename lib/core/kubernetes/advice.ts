// Things in a desired state that will make trouble later; told with the plan, never a reason to stop.
import { isObject } from '../json.ts';
import { groupOf, idText, type KubeObject, type ObjectId } from './object.ts';

/** A desired object with its identity. */
export interface Placed {
  readonly id: ObjectId;
  readonly object: KubeObject;
}

function scaled({ id, object }: Placed): string | undefined {
  const spec = object['spec'];
  const target = isObject(spec) ? spec['scaleTargetRef'] : undefined;
  if (id.kind !== 'HorizontalPodAutoscaler' || id.group !== 'autoscaling' || !isObject(target)) return undefined;
  const { apiVersion, kind, name } = target;
  if (typeof kind !== 'string' || typeof name !== 'string') return undefined;
  const group = typeof apiVersion === 'string' ? groupOf(apiVersion) : '';
  return `${group}/${kind}|${id.namespace}/${name}`;
}

/** Workloads whose replicas are written in Git and set by an autoscaler of the same application: the two would fight. */
export function replicasAdvice(placed: readonly Placed[]): readonly string[] {
  const autoscalers = new Map<string, ObjectId>();
  for (const one of placed) {
    const key = scaled(one);
    if (key !== undefined) autoscalers.set(key, one.id);
  }
  if (autoscalers.size === 0) return [];
  return placed.flatMap(({ id, object }) => {
    const spec = object['spec'];
    const by = autoscalers.get(`${id.group}/${id.kind}|${id.namespace}/${id.name}`);
    if (by === undefined || !isObject(spec) || spec['replicas'] === undefined) return [];
    return `${idText(id)}: spec.replicas is also set by ${idText(by)}, which will look like drift; leave it out of Git`;
  });
}
