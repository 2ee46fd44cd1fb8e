// `holdfast render`: desired state of one application on stdout, as the renderer gave it, and nothing else there.
import type { Application } from '../../core/config/model.ts';
import type { Desired } from '../../core/render/model.ts';
import { inputs } from '../../core/render/inputs.ts';
import { toYaml } from '../../core/render/yaml-text.ts';
import { makeBundle } from '../../core/source/bundle.ts';
import { type Opened, openRepository } from '../../runtime/open.ts';
import { refusal, selectApps } from '../../runtime/select.ts';
import { catalogueOf } from '../../runtime/sources.ts';
import { exitCodes, usage } from '../exit.ts';
import { type CommandFlags, openOptions, text, wantsJson } from '../flags.ts';
import { stopOnInterrupt } from '../interrupt.ts';
import { writeOut } from '../output.ts';
import { showProblems } from '../problems.ts';

export async function run(names: readonly string[], flags: CommandFlags): Promise<number> {
  const opened = await openRepository(
    openOptions(flags, { worktree: flags['revision'] === undefined, readOnly: true, memory: true }),
  );
  try {
    const result = await catalogueOf(opened.tree, opened.home.root.alias);
    if (result.kind === 'refused') throw refusal(result.problems);
    const apps = selectApps(result.catalogue, names);
    const app = apps[0];
    if (app === undefined) throw usage('render takes the name of one application');
    // One entry on several targets renders alike: the first stands for all of them.
    const desired = await renderApp(opened, app, flags);
    await writeOut(wantsJson(flags) ? jsonText(desired) : yamlText(desired));
    return exitCodes.ok;
  } finally {
    await opened.close();
  }
}

async function renderApp(opened: Opened, app: Application, flags: CommandFlags): Promise<Desired> {
  const { home, tree } = opened;
  const enableHelm = flags['enableHelm'] === true;
  const found = await inputs(app, tree, { enableHelm });
  if (found.problems.length > 0) throw refusal(found.problems, app.name);
  const kubeVersion = text(flags, 'kubeVersion');
  const apiVersions = text(flags, 'apiVersions')?.split(',');
  const result = await home.renderers[found.kind].render(await makeBundle(tree, found.roots, home.gitLimits), {
    app,
    enableHelm,
    signal: stopOnInterrupt().signal,
    ...(kubeVersion === undefined ? {} : { kubeVersion }),
    ...(apiVersions === undefined ? {} : { apiVersions }),
  });
  if (result.kind === 'refused') throw refusal(result.problems, app.name);
  showProblems(result.warnings, wantsJson(flags));
  return result.desired;
}

function jsonText(desired: Desired): string {
  if (desired.kind === 'stack') return `${JSON.stringify(desired.template, undefined, 2)}\n`;
  const items = [...desired.objects, ...desired.hooks].map((one) => one.object);
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 2)}\n`;
}

/** Hooks are part of what the renderer gave. What some reader of YAML would take for something else is quoted. */
function yamlText(desired: Desired): string {
  if (desired.kind === 'stack') return desired.body;
  return [...desired.objects, ...desired.hooks].map((one) => `---\n${toYaml(one.object)}`).join('');
}
