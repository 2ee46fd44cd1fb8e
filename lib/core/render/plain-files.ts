// Which files of a directory are manifests, and which nested directories belong to another tool.
import type { Application, Problem } from '../config/model.ts';
import { parentPath, shown } from '../source/path.ts';
import { chartName, kustomizationNames } from './detect.ts';
import { globMatches } from './glob.ts';

export interface PlainFiles {
  /** In path order. */
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
}

/** The file that configures Holdfast itself is no manifest of an application at the root. */
const ownConfig = 'holdfast.yaml';

/** Picks the manifests of a plain application among the paths it may read. A file that is the application itself is always taken. */
export function plainFiles(app: Application, paths: readonly string[]): PlainFiles {
  if (paths.includes(app.path)) return singleFile(app.path);
  const prefix = app.path === '' ? '' : `${app.path}/`;
  const kept = paths.filter((path) => {
    if (!path.startsWith(prefix) || path === ownConfig) return false;
    const below = path.slice(prefix.length);
    if (!app.recurse && below.includes('/')) return false;
    return !app.exclude.some((glob) => globMatches(glob, below));
  });
  const problems = kept.flatMap((path): readonly Problem[] => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const tool =
      name === chartName ? 'a Helm chart' : kustomizationNames.includes(name) ? 'a kustomization' : undefined;
    if (tool === undefined) return [];
    const directory = shown(parentPath(path));
    const message = `${directory} is ${tool} inside an application of plain files; make it an application of its own, or name it under "exclude"`;
    return [{ file: path, line: 1, column: 1, code: 'PlainNested', message }];
  });
  // What belongs to another tool would only add problems of its own.
  const nested = problems.map((one) => `${parentPath(one.file)}/`);
  const files = kept.filter(
    (path) => /\.(?:yaml|yml|json)$/.test(path) && !nested.some((directory) => path.startsWith(directory)),
  );
  return { files: files.sort((a, b) => (a < b ? -1 : 1)), problems };
}

/** The tool whose file this is by its name. */
function toolOf(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === chartName) return 'a Helm chart';
  return kustomizationNames.includes(name) ? 'a kustomization' : undefined;
}

function singleFile(path: string): PlainFiles {
  const tool = toolOf(path);
  if (tool === undefined) return { files: [path], problems: [] };
  const message = `this file makes its directory ${tool}; write the directory as the path of the application`;
  return { files: [], problems: [{ file: path, line: 1, column: 1, code: 'PlainNested', message }] };
}
