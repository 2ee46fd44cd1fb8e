// Checks of rendered objects that need no cluster: those that identity and placement can tell.
import type { Application, Problem } from '../config/model.ts';
import type { KubernetesDesired } from '../render/model.ts';
import { place } from './identity.ts';
import { offlineScopes } from './scope.ts';

/** Problems of an application's objects: namespaced ones without a namespace, and the same object twice. */
export function identityProblems(app: Application, desired: KubernetesDesired): readonly Problem[] {
  const objects = [...desired.objects, ...desired.hooks];
  const scopeOf = offlineScopes(objects.map(({ object }) => object));
  const { namespace } = app;
  return place(desired.objects, { scopeOf, ...(namespace === undefined ? {} : { namespace }) }).problems;
}
