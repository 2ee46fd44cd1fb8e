// What one application's rendering may read: found by following its files in the commit, before anything is rendered.
import type { Application, Problem } from '../config/model.ts';
import { HoldfastError } from '../errors.ts';
import { makeRoots } from '../source/roots.ts';
import type { Tree } from '../source/tree.ts';
import { detect } from './detect.ts';
import { Inputs } from './inputs-context.ts';
import { followChart } from './inputs-helm.ts';
import { followKustomization } from './inputs-kustomize.ts';
import { followTemplate } from './inputs-template.ts';
import type { RendererKind, Roots } from './model.ts';

export interface FoundInputs {
  readonly kind: RendererKind;
  readonly roots: Roots;
  /** When there is one the application cannot be rendered at this commit; the roots still say when that may have changed. */
  readonly problems: readonly Problem[];
}

export interface InputsOptions {
  /** Follow the local charts of `helmCharts`, as a rendering with Kustomize's --enable-helm reads them. Refused otherwise. */
  readonly enableHelm?: boolean;
}

async function follow(app: Application, kind: RendererKind, inputs: Inputs): Promise<void> {
  if ((await inputs.look(app.path)) === undefined) {
    inputs.problem(
      { file: app.path === '' ? '.' : app.path },
      'PathMissing',
      `there is nothing at the path of application ${app.name}`,
    );
    return;
  }
  if (kind === 'plain') return;
  if (kind === 'template') return await followTemplate(app.path, inputs);
  // Its directory is not read as a whole: each file that Kustomize reads is a root of its own.
  if (kind === 'kustomize') {
    inputs.paths.delete(app.path);
    return await followKustomization(app.path, inputs);
  }
  await followChart(app, inputs);
}

/**
 * Follows the inputs of an application. Everything rendering may read, and every path whose appearance would change the result,
 * is a root; the renderer gets exactly these, so what is not here cannot matter.
 */
export async function inputs(app: Application, tree: Tree, options: InputsOptions = {}): Promise<FoundInputs> {
  const found = new Inputs(tree, options.enableHelm === true);
  let kind: RendererKind = app.stack === undefined ? 'plain' : 'template';
  try {
    kind = await detect(app, tree);
    await follow(app, kind, found);
    return { kind, roots: await makeRoots(tree, found.paths), problems: found.problems };
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.source !== 'user') throw error;
    const at = error.object ?? app.path;
    found.problem({ file: at === '' ? '.' : at }, error.code, error.message);
    // No id equals this one: until the path can be followed, every push makes us look again.
    return { kind, roots: { [app.path]: 'unreadable' }, problems: found.problems };
  }
}
