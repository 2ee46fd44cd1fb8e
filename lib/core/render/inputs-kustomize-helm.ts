// Charts that a kustomization inflates: refused unless asked for, and then only from directories of the repository.
import { isObject, type Json, type JsonObject } from '../json.ts';
import { childPath, resolvePath, shown } from '../source/path.ts';
import { chartName } from './detect.ts';
import type { Inputs, Kustomization } from './inputs-context.ts';

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const objects = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];

/** Follows `helmCharts`: each chart's directory and values files. */
export async function followHelmCharts(kustomization: Kustomization, inputs: Inputs): Promise<void> {
  const { content } = kustomization;
  for (const field of ['helmCharts', 'helmChartInflationGenerator']) {
    const charts = objects(content[field]);
    if (charts.length === 0) continue;
    const at = { ...kustomization, near: field };
    if (!inputs.enableHelm || field !== 'helmCharts') {
      inputs.problem(
        at,
        'KustomizeHelm',
        `${field} needs Kustomize's --enable-helm, which Holdfast passes only when told to; make the chart an application of its own`,
      );
      continue;
    }
    const globals = isObject(content['helmGlobals']) ? content['helmGlobals'] : {};
    if (text(globals['configHome']) !== '') {
      inputs.problem(
        { ...kustomization, near: 'configHome' },
        'KustomizeHelm',
        'helmGlobals.configHome is not supported: Helm would take settings and plugins from it',
      );
    }
    for (const chart of charts) await followChart(kustomization, inputs, chart, text(globals['chartHome']));
  }
}

async function followChart(
  kustomization: Kustomization,
  inputs: Inputs,
  chart: JsonObject,
  chartHome: string,
): Promise<void> {
  const name = text(chart['name']);
  const at = { ...kustomization, near: name === '' ? 'helmCharts' : name };
  const option = Object.values(chart).find((value) => typeof value === 'string' && value.startsWith('-'));
  if (option !== undefined) {
    inputs.problem(at, 'KustomizeHelm', `"${shown(text(option))}" would be read as an option by Helm`);
    return;
  }
  const home = resolvePath(kustomization.directory, chartHome === '' ? 'charts' : chartHome);
  const candidates =
    home === undefined ? [] : [childPath(home, name), childPath(home, `${name}-${text(chart['version'])}/${name}`)];
  let found = false;
  for (const directory of candidates) {
    const here = (await inputs.look(childPath(directory, chartName))) !== undefined;
    if (here && (await inputs.look(directory)) !== undefined) found = true;
  }
  if (!found) {
    inputs.problem(
      at,
      'KustomizeHelm',
      `chart "${shown(name)}" is not below ${chartHome === '' ? 'charts' : shown(chartHome)}/; rendering has no network, so commit it there`,
    );
    return;
  }
  const more = Array.isArray(chart['additionalValuesFiles'])
    ? (chart['additionalValuesFiles'] as readonly Json[]).map(text)
    : [];
  for (const file of [text(chart['valuesFile']), ...more]) {
    const path = file === '' ? undefined : resolvePath(kustomization.directory, file);
    if (path !== undefined) await inputs.look(path);
    else if (file !== '')
      inputs.problem(
        { ...kustomization, near: file },
        'KustomizePath',
        `"${shown(file)}" is absolute or leads out of the repository`,
      );
  }
}
