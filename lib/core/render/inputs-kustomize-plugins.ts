// Generators, transformers and validators of a kustomization: the files their configuration names, and functions that would run code.
import { isObject, type Json, type JsonObject } from '../json.ts';
import { resolvePath, shown } from '../source/path.ts';
import type { Inputs } from './inputs-context.ts';
import { readManifests } from './yaml.ts';

export interface PluginText {
  readonly inputs: Inputs;
  /** Directory of the kustomization: paths in the configuration are seen from there. */
  readonly directory: string;
  /** Where the configuration stands, for messages. */
  readonly at: { readonly file: string; readonly text?: string; readonly near?: string };
  readonly text: string;
}

const functionAnnotations = ['config.kubernetes.io/function', 'config.k8s.io/function'];
/** Keys of built-in plugins whose texts are paths; a missing file of theirs matters as much as a present one. */
const pathKeys = ['path', 'paths', 'files', 'envs', 'env'];
const maxLevels = 20;

/** Records the files that plugin configurations name. Whatever else looks like a file of the repository is taken along. */
export async function pluginFiles(plugin: PluginText): Promise<void> {
  const { documents } = readManifests(plugin.at.file, plugin.text);
  for (const { value } of documents) {
    if (!isObject(value)) continue;
    refuse(plugin, value);
    await visit(plugin, value, '', 0);
  }
}

function refuse(plugin: PluginText, value: JsonObject): void {
  const kind = typeof value['kind'] === 'string' ? value['kind'] : 'configuration';
  const metadata = value['metadata'];
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined;
  const runs = isObject(annotations) && functionAnnotations.some((name) => annotations[name] !== undefined);
  if (runs) {
    plugin.inputs.problem(
      plugin.at,
      'KustomizeFunction',
      `${shown(kind)} is a function that runs code (exec or container); Holdfast does not run it`,
    );
  }
  if (kind === 'HelmChartInflationGenerator') {
    plugin.inputs.problem(
      plugin.at,
      'KustomizeHelm',
      `${kind} is not supported; write the chart under helmCharts, or make it an application of its own`,
    );
  }
}

async function visit(plugin: PluginText, value: Json | undefined, key: string, level: number): Promise<void> {
  if (level > maxLevels) return;
  if (typeof value === 'string') return await note(plugin, value, key);
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) await visit(plugin, item, key, level + 1);
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) await visit(plugin, member, name, level + 1);
  }
}

async function note(plugin: PluginText, written: string, key: string): Promise<void> {
  if (written === '' || written.length > 500 || written.includes('\n')) return;
  const path = resolvePath(plugin.directory, written.slice(written.indexOf('=') + 1));
  // The directory itself, or one above it, is no file that a plugin reads.
  if (path === undefined || path === plugin.directory || plugin.directory.startsWith(`${path}/`) || path === '') return;
  const known = pathKeys.includes(key);
  const node = await plugin.inputs.tree.lookup(path);
  if (known || (node !== undefined && node.kind !== 'directory')) plugin.inputs.paths.add(path);
}
