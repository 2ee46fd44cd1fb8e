// Renders a chart with `helm template`: values come as files, dependencies from the repository, and nothing from a network or cluster.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../core/config/model.ts';
import { canonicalJson } from '../../core/json.ts';
import { problemAt, type RenderedDocument, toDesired } from '../../core/render/desired.ts';
import { chartName } from '../../core/render/detect.ts';
import type { Bundle, Renderer, RenderOptions, RenderResult, SourcePosition } from '../../core/render/model.ts';
import { readManifests } from '../../core/render/yaml.ts';
import { childPath } from '../../core/source/path.ts';
import type { Tools } from './binaries.ts';
import { type VendoredChart, vendor } from './helm-vendor.ts';
import { failure, repositoryPath } from './helm-errors.ts';
import { runTool, type ToolAnswer } from './run.ts';
import { withWorkspace, type Workspace } from './workspace.ts';

const version = 'helm/1';

/** Template functions whose result is another one each time. */
const variable =
  /\b(?:rand(?:AlphaNum|Alpha|Numeric|Ascii|Int|Bytes)|gen(?:CA|SelfSignedCert|SignedCert|PrivateKey)\w*|uuidv4|now|htpasswd|bcrypt|derivePassword)\b/;

function argumentsOf(options: RenderOptions, chart: string, valuesFiles: readonly string[]): string[] {
  const { app, kubeVersion, apiVersions } = options;
  return [
    'template',
    app.name.split('@')[0] ?? app.name,
    chart,
    ...(app.namespace === undefined ? [] : ['--namespace', app.namespace]),
    '--include-crds',
    '--skip-tests',
    ...valuesFiles.flatMap((file) => ['--values', file]),
    ...(kubeVersion === undefined ? [] : ['--kube-version', kubeVersion]),
    ...(apiVersions ?? []).flatMap((one) => ['--api-versions', one]),
  ];
}

/** Inline values go last, so that they win; JSON is YAML to Helm. */
async function valuesFilesOf(options: RenderOptions, workspace: Workspace): Promise<readonly string[]> {
  const { helm } = options.app;
  const files = helm.valuesFiles.map((file) => join(workspace.repository, file));
  if (Object.keys(helm.values).length === 0) return files;
  const inline = join(workspace.home, 'values.json');
  await writeFile(inline, canonicalJson(helm.values), { mode: 0o600 });
  return [...files, inline];
}

/** The template that each document of Helm's output names; documents without a name belong to the one before. */
class Sources {
  readonly #lines: { readonly line: number; readonly source: SourcePosition }[] = [];
  readonly #fallback: SourcePosition;

  constructor(output: string, charts: readonly VendoredChart[], fallback: SourcePosition) {
    this.#fallback = fallback;
    let line = 0;
    let previous = '';
    for (const text of output.split('\n')) {
      line += 1;
      const named = previous.startsWith('---') ? /^# Source: (\S.*)$/.exec(text)?.[1] : undefined;
      if (named !== undefined) this.#lines.push({ line, source: { file: repositoryPath(named, charts) } });
      previous = text;
    }
  }

  at(line: number): SourcePosition {
    return this.#lines.findLast((one) => one.line <= line)?.source ?? this.#fallback;
  }
}

async function render(tools: Tools, bundle: Bundle, options: RenderOptions): Promise<RenderResult> {
  const { app } = options;
  const chartFile = { file: childPath(app.path, chartName) };
  const vendored = vendor(bundle, app.path);
  if (vendored.problems.length > 0) return { kind: 'refused', problems: vendored.problems };
  const helm = await tools.find('helm');
  return await withWorkspace(vendored.files, async (workspace) => {
    const args = argumentsOf(options, join(workspace.repository, app.path), await valuesFilesOf(options, workspace));
    const { signal } = options;
    const run = async (): Promise<ToolAnswer> =>
      await runTool({
        program: helm.path,
        args,
        cwd: workspace.home,
        home: workspace.home,
        ...(signal === undefined ? {} : { signal }),
      });
    const answer = await run();
    const stderr = workspace.clean(answer.stderr);
    if (answer.code !== 0) return { kind: 'refused', problems: failure(stderr, vendored.charts, chartFile) };
    const output = answer.stdout.toString('utf8');
    const result = toResult(options, output, vendored.charts);
    if (result.kind === 'refused') return result;
    const unstable = vendored.unstable(variable);
    const changes = unstable !== undefined && !(await run()).stdout.equals(answer.stdout);
    const warnings: Problem[] = [...warningsOf(stderr, chartFile)];
    if (changes) {
      warnings.push(
        problemAt(
          unstable,
          'RenderNotReproducible',
          'the chart renders differently each time, so it always looks changed; give it fixed values',
        ),
      );
    }
    return { ...result, warnings };
  });
}

function toResult(options: RenderOptions, output: string, charts: readonly VendoredChart[]): RenderResult {
  const { app } = options;
  const chartFile = { file: childPath(app.path, chartName) };
  const sources = new Sources(output, charts, chartFile);
  const read = readManifests(chartFile.file, output);
  if (read.problems.length > 0) {
    const problems = read.problems.map((one) => {
      const source = sources.at(one.line);
      return problemAt(source, one.code, `in what Helm rendered, line ${one.line}: ${one.message}`);
    });
    return { kind: 'refused', problems };
  }
  const documents: RenderedDocument[] = read.documents.map(({ value, line }) => ({ value, source: sources.at(line) }));
  return toDesired(app, documents);
}

function warningsOf(stderr: string, source: SourcePosition): readonly Problem[] {
  return stderr
    .split('\n')
    .filter((line) => /warning/i.test(line))
    .slice(0, 20)
    .map((line) => problemAt(source, 'HelmWarning', line.trim().slice(0, 500)));
}

/** The renderer of Helm charts. */
export function helmRenderer(tools: Tools): Renderer {
  return {
    version: async () => `${version} ${(await tools.find('helm')).version}`,
    render: async (bundle, options) => await render(tools, bundle, options),
  };
}
