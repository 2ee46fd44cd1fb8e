// Which renderer an application needs, found by looking at what its path holds.
import type { Application } from '../config/model.ts';
import { childPath } from '../source/path.ts';
import type { Tree } from '../source/tree.ts';
import type { RendererKind } from './model.ts';

/** Names under which Kustomize looks for its file, in its order. */
export const kustomizationNames: readonly string[] = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
export const chartName = 'Chart.yaml';

/** A stack is a template; else the first of a kustomization, a chart, and plain files. */
export async function detect(app: Application, tree: Pick<Tree, 'lookup'>): Promise<RendererKind> {
  if (app.stack !== undefined) return 'template';
  for (const name of [...kustomizationNames, chartName]) {
    const found = await tree.lookup(childPath(app.path, name));
    if (found === undefined || found.kind === 'directory') continue;
    return name === chartName ? 'helm' : 'kustomize';
  }
  return 'plain';
}
