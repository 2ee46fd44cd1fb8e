// Follows a chart: its directory, values files, and the charts that it depends on, which must be in the repository.
import type { Application } from '../config/model.ts';
import { isObject, type JsonObject } from '../json.ts';
import { childPath, resolvePath, shown } from '../source/path.ts';
import type { Tree } from '../source/tree.ts';
import { chartName } from './detect.ts';
import { decodeUtf8 } from '../text.ts';
import type { Inputs } from './inputs-context.ts';
import { readManifests } from './yaml.ts';

/** One entry under `dependencies`. */
export interface ChartDependency {
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  /** Name that the chart goes by instead of its own; '' when it has none. */
  readonly alias: string;
}

const maxChartLevels = 10;

/** Dependencies that a Chart.yaml (or the requirements.yaml of older charts) declares. */
export function dependenciesOf(content: JsonObject): readonly ChartDependency[] {
  const list = content['dependencies'];
  if (!Array.isArray(list)) return [];
  return list.filter(isObject).flatMap((entry) => {
    const { name, version, repository, alias } = entry;
    if (typeof name !== 'string' || name === '') return [];
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    return [{ name, version: text(version), repository: text(repository), alias: text(alias) }];
  });
}

const localPrefix = 'file://';

/** Directory of a `file://` dependency, seen from the chart; undefined when it is another kind or leaves the repository. */
export function localDependency(chart: string, dependency: ChartDependency): string | undefined {
  if (!dependency.repository.startsWith(localPrefix)) return undefined;
  return resolvePath(chart, dependency.repository.slice(localPrefix.length));
}

/** Whether the names in `charts/` hold the dependency: a directory, or an archive named after it. */
export function isVendored(names: readonly string[], dependency: ChartDependency): boolean {
  return names.some(
    (name) => name === dependency.name || (name.startsWith(`${dependency.name}-`) && /\.(?:tgz|tar\.gz)$/.test(name)),
  );
}

/** Follows the chart of an application and its values files. */
export async function followChart(app: Application, inputs: Inputs): Promise<void> {
  await followDirectory(app.path, inputs, []);
  for (const path of app.helm.valuesFiles) {
    const node = await inputs.look(path);
    if (node !== undefined && node.kind !== 'directory') continue;
    inputs.problems.push({
      ...app.position,
      code: 'HelmValuesMissing',
      message: `values file "${shown(path)}" of application ${app.name} is not in the repository`,
    });
  }
}

async function followDirectory(chart: string, inputs: Inputs, chain: readonly string[]): Promise<void> {
  await inputs.look(chart);
  const vendored = ((await inputs.tree.list(childPath(chart, 'charts'))) ?? []).map((node) =>
    node.path.slice(node.path.lastIndexOf('/') + 1),
  );
  for (const file of [chartName, 'requirements.yaml']) {
    const path = childPath(chart, file);
    const node = await inputs.tree.lookup(path);
    if (node === undefined || node.kind === 'directory') continue;
    const text = await inputs.text(path);
    if (text === undefined) continue;
    const { documents, problems } = readManifests(path, text);
    inputs.problems.push(...problems);
    const content = documents[0]?.value;
    if (!isObject(content)) continue;
    const unvendored = dependenciesOf(content).filter((one) => !isVendored(vendored, one));
    const named = unvendored.length === 0 ? [] : await chartNames(chart, inputs.tree);
    for (const dependency of unvendored) {
      if (named.includes(dependency.name)) continue;
      await followDependency({ chart, file: path, text }, dependency, inputs, [...chain, chart]);
    }
  }
}

/** Names that the charts in `charts/` give themselves, where their directories are called otherwise. */
async function chartNames(chart: string, tree: Tree): Promise<readonly string[]> {
  const names: string[] = [];
  for (const node of (await tree.list(childPath(chart, 'charts'))) ?? []) {
    const path = childPath(node.path, chartName);
    if (node.kind !== 'directory' || (await tree.lookup(path)) === undefined) continue;
    const name = /^name:\s*["']?([\w.-]+)/m.exec(decodeUtf8(await tree.bytes(path)))?.[1];
    if (name !== undefined) names.push(name);
  }
  return names;
}

async function followDependency(
  from: { readonly chart: string; readonly file: string; readonly text: string },
  dependency: ChartDependency,
  inputs: Inputs,
  chain: readonly string[],
): Promise<void> {
  const at = { file: from.file, text: from.text, near: dependency.name };
  const what = `dependency "${shown(dependency.name)}"`;
  const path = localDependency(from.chart, dependency);
  if (!dependency.repository.startsWith(localPrefix)) {
    const where = dependency.repository === '' ? '' : ` (from ${shown(dependency.repository)})`;
    inputs.problem(
      at,
      'HelmDependencyMissing',
      `${what}${where} is not in charts/; rendering has no network, so run "helm dependency update" and commit charts/`,
    );
  } else if (path === undefined) {
    inputs.problem(at, 'HelmPath', `${what} is absolute or leads out of the repository`);
  } else if (chain.includes(path) || chain.length > maxChartLevels) {
    inputs.problem(
      at,
      'HelmCycle',
      `${what} leads in a circle: ${[...chain, path].map((one) => shown(one)).join(' -> ')}`,
    );
  } else if ((await inputs.look(childPath(path, chartName))) === undefined) {
    inputs.problem(at, 'HelmDependencyMissing', `${what}: there is no chart at "${shown(path)}"`);
  } else {
    await followDirectory(path, inputs, chain);
  }
}
