// From the files of a repository to its applications: only what nothing else in the repository uses is one of its own.
import { nameLengths } from '../config/formats.ts';
import { parentPath } from '../source/path.ts';
import type { FoundApp, Seen } from './model.ts';

type Of<Kind extends Seen['kind']> = Extract<Seen, { readonly kind: Kind }>;

/** The applications, by path. Every file that is worth reading has to be in `seen`. */
export function findApps(seen: readonly Seen[]): readonly FoundApp[] {
  const of = <Kind extends Seen['kind']>(kind: Kind): readonly Of<Kind>[] =>
    seen.filter((one): one is Of<Kind> => one.kind === kind);
  const charts = of('chart');
  const chartDirectories = charts.map(({ path }) => parentPath(path));
  const insideChart = (path: string): boolean =>
    chartDirectories.some((directory) => below(directory, parentPath(path)));
  const kustomizations = of('kustomization').filter(({ path }) => !insideChart(path));
  const kustomizeDirectories = kustomizations.map(({ path }) => parentPath(path));
  const taken = new Set(kustomizations.flatMap(({ uses }) => uses));
  const used = (path: string): boolean =>
    taken.has(path) ||
    [...kustomizeDirectories, ...chartDirectories].some((directory) => below(directory, parentPath(path)));
  const found = [
    ...kustomizeApps(kustomizations),
    ...chartApps(charts),
    ...stackApps(
      of('template').filter(({ path }) => !used(path)),
      of('deployment'),
    ),
    ...plainApps(seen, used, [...kustomizeDirectories, ...chartDirectories]),
  ];
  return named([...found].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)));
}

type Unnamed = Omit<FoundApp, 'name'>;

/** Whether `path` is the directory or lies below it. */
function below(directory: string, path: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

function kustomizeApps(all: readonly Of<'kustomization'>[]): readonly Unnamed[] {
  const used = new Set(all.flatMap(({ uses }) => uses));
  return all
    .filter(({ path, component }) => !component && !used.has(parentPath(path)))
    .map(({ path, uses, namespace }) => {
      const count = uses.filter((one) => all.some((other) => parentPath(other.path) === one)).length;
      const over = count === 0 ? '' : ` over ${count} other${count === 1 ? '' : 's'}`;
      return {
        path: parentPath(path),
        kind: 'kustomize',
        why: `kustomization${over} that no other uses`,
        ...(namespace === undefined ? { namespace: 'default' } : {}),
      };
    });
}

function chartApps(all: readonly Of<'chart'>[]): readonly Unnamed[] {
  const used = new Set(all.flatMap(({ uses }) => uses));
  return all
    .filter(({ path, library }) => {
      const directory = parentPath(path);
      const inner = all.some((other) => other.path !== path && below(parentPath(other.path), directory));
      return !library && !inner && !used.has(directory);
    })
    .map(({ path }) => ({
      path: parentPath(path),
      kind: 'helm',
      why: 'Helm chart with its own values.yaml',
      namespace: 'default',
    }));
}

function stackApps(templates: readonly Of<'template'>[], deployments: readonly Of<'deployment'>[]): readonly Unnamed[] {
  const used = new Set(templates.flatMap(({ uses }) => uses));
  const described = deployments.flatMap((one): readonly Unnamed[] => {
    const file = templates.find(({ path }) => path === one.template);
    if (file === undefined) return [];
    const { parameters, tags } = one;
    const stack = { name: stackName(one.path), parameters, tags, capabilities: file.capabilities };
    return [{ path: file.path, kind: 'stack', why: `template with the deployment file ${one.path}`, stack }];
  });
  const named = new Set(deployments.map(({ template }) => template));
  const alone = templates
    .filter(({ path }) => !used.has(path) && !named.has(path))
    .map(
      ({ path, capabilities, sam }): Unnamed => ({
        path,
        kind: 'stack',
        why: sam ? 'SAM template' : 'CloudFormation template',
        stack: { name: stackName(path), parameters: {}, tags: {}, capabilities },
      }),
    );
  return [...described, ...alone];
}

/** Words in paths that say what kind of thing it is, not which. */
const general = new Set(
  'apps applications base charts cloudformation cfn clusters deploy deployment deployments environments envs helm infra infrastructure k8s kubernetes kustomize manifests overlays stacks templates template'.split(
    ' ',
  ),
);

function words(path: string): readonly string[] {
  const all = path.replace(/\.(?:ya?ml|json|template)$/, '').split('/');
  const telling = all.filter((word) => word !== '' && !general.has(word.toLowerCase()));
  return telling.length > 0 ? telling : all.slice(-1);
}

function stackName(path: string): string {
  const name = words(path)
    .join('-')
    .replace(/[^A-Za-z0-9-]+/g, '-')
    .replace(/^[^A-Za-z]+/, '')
    .slice(0, 128);
  return name === '' ? 'stack' : name;
}

function plainApps(
  seen: readonly Seen[],
  used: (path: string) => boolean,
  others: readonly string[],
): readonly Unnamed[] {
  const manifests = seen.filter((one): one is Of<'manifest'> => one.kind === 'manifest' && !used(one.path));
  const directories = [...new Set(manifests.map(({ path }) => parentPath(path)))];
  const blocked = (directory: string): boolean =>
    others.some((other) => other !== directory && below(directory, other));
  const roots = directories.filter(
    (directory) => !directories.some((other) => other !== directory && below(other, directory) && !blocked(other)),
  );
  return roots.map((directory) => {
    const recurse = !blocked(directory);
    const covers = (path: string): boolean => (recurse ? below(directory, path) : parentPath(path) === directory);
    const own = manifests.filter(({ path }) => covers(path));
    const strange = seen
      .filter(({ kind, path }) => kind !== 'manifest' && !used(path) && covers(path) && /\.(?:ya?ml|json)$/.test(path))
      .map(({ path }) => path.slice(directory === '' ? 0 : directory.length + 1));
    const namespace = own.flatMap(({ namespaces }) => namespaces)[0] ?? 'default';
    return {
      path: directory,
      kind: 'plain',
      why: `${own.length} file${own.length === 1 ? '' : 's'} of plain YAML`,
      ...(own.some(({ lacksNamespace }) => lacksNamespace) ? { namespace } : {}),
      ...(strange.length === 0 ? {} : { exclude: strange }),
      ...(recurse ? {} : { recurse: false }),
    };
  });
}

/** Names from paths: telling words first, the whole path when two would be the same, a number in the end. */
function named(found: readonly Unnamed[]): readonly FoundApp[] {
  const short = found.map((one) => label(one.stack?.name ?? words(one.path).join('-')));
  const taken = new Set<string>();
  return found.map((one, index) => {
    const first = short[index] ?? '';
    const twice = short.filter((name) => name === first).length > 1;
    const wanted = one.stack === undefined && twice ? label(one.path.replaceAll('/', '-')) : first;
    let name = wanted;
    for (let count = 2; taken.has(name); count += 1) name = `${wanted.slice(0, nameLengths.app - 4)}-${count}`;
    taken.add(name);
    return { name, ...one };
  });
}

function label(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, nameLengths.app)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'app' : name;
}
