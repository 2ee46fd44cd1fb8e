// Renders a kustomization with `kubectl kustomize`, from a directory that holds only the files it may read.
import { join } from 'node:path';
import type { Problem } from '../../core/config/model.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { problemAt, type RenderedDocument, toDesired } from '../../core/render/desired.ts';
import { kustomizationNames } from '../../core/render/detect.ts';
import type { Bundle, Renderer, RenderOptions, RenderResult, SourcePosition } from '../../core/render/model.ts';
import { readManifests } from '../../core/render/yaml.ts';
import { childPath, parentPath, resolvePath } from '../../core/source/path.ts';
import { decodeUtf8 } from '../../core/text.ts';
import type { Tools } from './binaries.ts';
import { readFiles } from './plain.ts';
import { runTool } from './run.ts';
import { withWorkspace } from './workspace.ts';

const version = 'kustomize/1';

/** Which input each object came from, as far as kind and name tell. */
class Origins {
  readonly #byKind = new Map<string, { readonly name: string; readonly source: SourcePosition }[]>();
  readonly #fallback: SourcePosition;

  constructor(documents: readonly RenderedDocument[], fallback: SourcePosition) {
    this.#fallback = fallback;
    for (const { value, source } of documents) {
      const { kind, name } = nameOf(value);
      if (kind === '' || name === '') continue;
      const known = this.#byKind.get(kind);
      if (known === undefined) this.#byKind.set(kind, [{ name, source }]);
      else known.push({ name, source });
    }
  }

  of(value: unknown): SourcePosition {
    const { kind, name } = nameOf(value);
    const candidates = this.#byKind.get(kind) ?? [];
    const exact = candidates.filter((one) => one.name === name);
    // Prefixes and suffixes are put around the name that the file gives.
    const close = exact.length > 0 ? exact : candidates.filter((one) => name.includes(one.name));
    const [only, another] = close;
    return only !== undefined && another === undefined ? only.source : this.#fallback;
  }
}

function nameOf(value: unknown): { readonly kind: string; readonly name: string } {
  const object: JsonObject = isObject(value) ? value : {};
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const text = (part: unknown): string => (typeof part === 'string' ? part : '');
  return { kind: text(object['kind']), name: text(metadata['name']) };
}

/** Where Kustomize's complaint belongs: an input that is not readable, a file it names, else the kustomization. */
function failure(message: string, bundle: Bundle, kustomization: SourcePosition): readonly Problem[] {
  const text = message.replace(/^(?:error: )+/i, '').trim();
  const named = bundle.files
    .map((file) => file.path)
    .filter((path) => mentions(text, path) && /\.(?:ya?ml|json)$/.test(path))
    .sort((a, b) => b.length - a.length);
  const { problems } = readFiles(bundle, named);
  if (problems.length > 0) return problems;
  const unknown = /unknown field "([^"]+)"/.exec(text)?.[1];
  const [file] = named;
  const source =
    unknown === undefined ? { file: file ?? kustomization.file } : fieldPlace(bundle, kustomization, unknown);
  return [problemAt(source, 'KustomizeFailed', text.split('\n').slice(0, 5).join(' ').slice(0, 1000))];
}

/** Where a field stands in the kustomization. */
function fieldPlace(bundle: Bundle, kustomization: SourcePosition, field: string): SourcePosition {
  const file = bundle.files.find((one) => one.path === kustomization.file);
  const lines = file === undefined ? [] : decodeUtf8(file.bytes).split('\n');
  const index = lines.findIndex((line) => line.trimStart().startsWith(`${field}:`));
  return index < 0
    ? kustomization
    : { ...kustomization, line: index + 1, column: (lines[index] ?? '').indexOf(field) + 1 };
}

/** Files that only change objects of other files: they name the same objects, but are not where those come from. */
function patchFiles(bundle: Bundle): readonly string[] {
  const isKustomization = (path: string): boolean => kustomizationNames.includes(path.slice(path.lastIndexOf('/') + 1));
  const { documents } = readFiles(bundle, bundle.files.map((file) => file.path).filter(isKustomization));
  return documents.flatMap(({ value, source }) => {
    const content = isObject(value) ? value : {};
    const fields = [
      'patches',
      'patchesStrategicMerge',
      'patchesJson6902',
      'replacements',
      'transformers',
      'generators',
    ];
    const entries = fields.flatMap((field): readonly unknown[] =>
      Array.isArray(content[field]) ? (content[field] as Json[]) : [],
    );
    return entries.flatMap((entry) => {
      const written = isObject(entry) ? entry['path'] : entry;
      const path = typeof written === 'string' ? resolvePath(parentPath(source.file), written) : undefined;
      return path === undefined ? [] : [path];
    });
  });
}

/** Kustomize names files by their last part or by a path of its own. */
function mentions(text: string, path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (
    text.includes(path) ||
    new RegExp(`(?:^|[\\s'"/:])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?:$|[\\s'":,])`).test(text)
  );
}

/** Older ones call Helm with flags that Helm 4 does not have any more. */
const firstWithHelm4 = '1.36.0';

async function render(tools: Tools, bundle: Bundle, options: RenderOptions): Promise<RenderResult> {
  const { app, signal } = options;
  const helm = options.enableHelm === true ? await tools.find('helm') : undefined;
  const kubectl = await tools.find('kubectl', helm?.version.startsWith('v4') === true ? firstWithHelm4 : undefined);
  const paths = bundle.files.map((file) => file.path);
  const names = kustomizationNames.map((name) => childPath(app.path, name));
  const kustomization = { file: names.find((name) => paths.includes(name)) ?? app.path };
  return await withWorkspace(bundle.files, async ({ repository, home, clean }) => {
    const answer = await runTool({
      program: kubectl.path,
      args: [
        'kustomize',
        join(repository, app.path),
        ...(helm === undefined ? [] : ['--enable-helm', '--helm-command', helm.path, ...clusterFlags(options)]),
      ],
      cwd: repository,
      home,
      ...(signal === undefined ? {} : { signal }),
    });
    if (answer.code !== 0) {
      const message = clean(answer.stderr) || 'kubectl kustomize failed without a message';
      return { kind: 'refused', problems: failure(message, bundle, kustomization) };
    }
    const read = readManifests(kustomization.file, answer.stdout.toString('utf8'));
    if (read.problems.length > 0) return { kind: 'refused', problems: inOutput(read.problems, kustomization) };
    const others = [...names, ...patchFiles(bundle)];
    const inputs = readFiles(
      bundle,
      paths.filter((path) => /\.(?:ya?ml|json)$/.test(path) && !others.includes(path)),
    );
    const origins = new Origins(inputs.documents, kustomization);
    const documents = read.documents.map(({ value }) => ({ value, source: origins.of(value) }));
    const result = toDesired(app, documents);
    return result.kind === 'desired' ? { ...result, warnings: warnings(clean(answer.stderr), kustomization) } : result;
  });
}

/** What the charts of a kustomization are told of the cluster, when it is known. */
function clusterFlags({ kubeVersion, apiVersions }: RenderOptions): readonly string[] {
  return [
    ...(kubeVersion === undefined ? [] : ['--helm-kube-version', kubeVersion]),
    ...(apiVersions === undefined ? [] : ['--helm-api-versions', apiVersions.join(',')]),
  ];
}

/** Places in the output are nowhere in the repository. */
function inOutput(problems: readonly Problem[], source: SourcePosition): readonly Problem[] {
  return problems.map((one) =>
    problemAt(source, one.code, `in what Kustomize built, line ${one.line}: ${one.message}`),
  );
}

function warnings(stderr: string, source: SourcePosition): readonly Problem[] {
  return stderr
    .split('\n')
    .filter((line) => /^# Warning: |^Warning: /.test(line))
    .map((line) => problemAt(source, 'KustomizeWarning', line.replace(/^#? ?Warning: /, '')));
}

/** The renderer of kustomizations. */
export function kustomizeRenderer(tools: Tools): Renderer {
  return {
    version: async () => `${version} ${(await tools.find('kubectl')).version}`,
    render: async (bundle, options) => await render(tools, bundle, options),
  };
}
