// Turns what Helm writes about a chart into problems at files of the repository.
import type { Problem } from '../../core/config/model.ts';
import { problemAt } from '../../core/render/desired.ts';
import type { SourcePosition } from '../../core/render/model.ts';
import { childPath } from '../../core/source/path.ts';
import type { VendoredChart } from './helm-vendor.ts';

/** A path as Helm names it (`chart/charts/sub/templates/x.yaml`) as it is in the repository. */
export function repositoryPath(named: string, charts: readonly VendoredChart[]): string {
  const best = charts
    .filter((chart) => named.startsWith(`${chart.helmPath}/`))
    .sort((a, b) => b.helmPath.length - a.helmPath.length)[0];
  return best === undefined ? named : childPath(best.origin, named.slice(best.helmPath.length + 1));
}

const place = /([\w.@~+-]+(?:\/[\w.@~+-]+)+\.\w+):(\d+)(?::(\d+))?/g;
const bareFile = /(?:on|load|parse|of|in|file) "?((?:[\w.@~+-]+\/)*[\w.@~+-]+\.(?:ya?ml|tpl|json|txt))"?/;

/** The innermost place that the message names: Helm lists the including templates first. */
function findPlace(message: string, charts: readonly VendoredChart[], fallback: SourcePosition): SourcePosition {
  const all = [...message.matchAll(place)];
  const last = all.at(-1);
  if (last?.[1] !== undefined) {
    const column = last[3] === undefined ? 1 : Number(last[3]) + 1;
    return { file: repositoryPath(last[1], charts), line: Number(last[2]), column };
  }
  const file = bareFile.exec(message)?.[1];
  if (file === undefined) return fallback;
  const root = charts[0];
  const path = file.includes('/') || root === undefined ? repositoryPath(file, charts) : childPath(root.origin, file);
  // Lines of a YAML error in values are those of the file; of a template they are those of what it rendered.
  const line = file.includes('/templates/') ? undefined : /yaml: line (\d+)/.exec(message)?.[1];
  return line === undefined ? { file: path } : { file: path, line: Number(line) };
}

/** Templates that include each other make long messages; the reason is at the end. */
function shorten(text: string): string {
  return text.length <= 800 ? text : `${text.slice(0, 400)} … ${text.slice(-400)}`;
}

/** The problem that ended Helm. */
export function failure(
  stderr: string,
  charts: readonly VendoredChart[],
  fallback: SourcePosition,
): readonly Problem[] {
  const start = stderr.indexOf('Error: ');
  const text = (start < 0 ? stderr : stderr.slice(start + 'Error: '.length))
    .replace(/\n*Use --debug flag to render out invalid YAML\s*$/, '')
    .trim();
  const source = findPlace(text, charts, fallback);
  const schema = text.includes("don't meet the specifications of the schema");
  const rendered = /YAML parse error on \S*\/templates\//.test(text) ? ' (lines are those of the rendered text)' : '';
  const message = text === '' ? 'helm template failed without a message' : shorten(text.replace(/\s*\n\s*/g, ' '));
  return [problemAt(source, schema ? 'HelmSchema' : 'HelmFailed', message + rendered)];
}
