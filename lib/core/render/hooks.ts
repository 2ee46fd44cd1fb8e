// Objects that Argo CD or Helm would run at a point of the delivery, told by their annotations.
import { isObject, type JsonObject } from '../json.ts';

const argoAnnotation = 'argocd.argoproj.io/hook';
const helmAnnotation = 'helm.sh/hook';
const argoHooks = ['PreSync', 'Sync', 'PostSync', 'SyncFail', 'Skip', 'PreDelete', 'PostDelete'];
const helmHooks = ['install', 'upgrade', 'rollback', 'delete'].flatMap((event) => [`pre-${event}`, `post-${event}`]);
const helmTests = ['test', 'test-success', 'test-failure'];

function annotation(object: JsonObject, name: string): readonly string[] {
  const metadata = object['metadata'];
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined;
  const text = isObject(annotations) ? annotations[name] : undefined;
  return typeof text === 'string' ? text.split(',').map((event) => event.trim()) : [];
}

/** The annotation's value if the object is a hook. A value that neither tool knows leaves it an ordinary object. */
export function hookOf(object: JsonObject): string | undefined {
  const argo = annotation(object, argoAnnotation);
  if (argo.some((event) => argoHooks.includes(event))) return argo.join(',');
  const helm = annotation(object, helmAnnotation);
  return helm.some((event) => helmHooks.includes(event.toLowerCase())) || isTest(object) ? helm.join(',') : undefined;
}

/** Whether the object is only a test of a chart; those are left out. */
export function isTest(object: JsonObject): boolean {
  const events = annotation(object, helmAnnotation);
  return events.length > 0 && events.every((event) => helmTests.includes(event.toLowerCase()));
}
