// What Helm is told of the cluster that a chart goes to: its version and what it serves, as charts ask for them.
import type { RendererKind } from './model.ts';

/** Recorded per target, and part of the key of everything that is rendered with it. */
export interface ClusterFacts {
  readonly v: 1;
  /** As the cluster says it, e.g. `v1.36.3`. */
  readonly version: string;
  /** `v1`, `apps/v1`, `apps/v1/Deployment`, …: sorted, each once. */
  readonly apis: readonly string[];
}

/** What a cluster answered just now. */
export interface SeenCluster {
  readonly version: string;
  /** As in `ClusterFacts`, in any order. */
  readonly apis: readonly string[];
  /** `group/version`s whose own server did not answer: what they serve is unknown, not gone. */
  readonly unknown: readonly string[];
}

/** Renderers whose result depends on the cluster. A kustomization's charts are not rendered by the runner. */
export function takesClusterFacts(renderer: RendererKind): boolean {
  return renderer === 'helm';
}

/** The facts to record. What could not be asked stays as it was: a server that is down must not change any chart. */
export function clusterFacts(seen: SeenCluster, before: ClusterFacts | undefined): ClusterFacts {
  const ofUnknown = (api: string): boolean => seen.unknown.some((gv) => api === gv || api.startsWith(`${gv}/`));
  const kept = before?.apis.filter(ofUnknown) ?? [];
  return { v: 1, version: seen.version, apis: [...new Set([...seen.apis, ...kept])].sort() };
}
