// docs/errors.md: every stable error code with who must act, collected from the sources.
import { configCodes } from '../lib/core/config/problems.ts';
import type { ErrorCode, WhoActs } from './error-codes.ts';

const sections: readonly (readonly [title: string, place: RegExp])[] = [
  ['Git', /^adapters\/git|^core\/source/],
  ['Rendering and manifests', /^adapters\/render|^core\/render/],
  ['Images', /^core\/image|^adapters\/registry/],
  ['Plan and guards', /^core\/plan/],
  ['Kubernetes', /^adapters\/kube|^core\/kubernetes/],
  ['CloudFormation', /cloudformation$/],
  ['AWS', /^adapters\/(?:aws|secrets|notify)|^core\/aws/],
  [
    'Runner and data directory',
    /^runtime|^core\/config|^core\/reconcile|^core\/errors|^adapters\/(?:store|blob|queue)/,
  ],
  ['HTTP', /^web/],
  ['Command line', /^cli/],
  ['Sandbox', /^adapters\/sandbox/],
  ['Stack', /^stack/],
];

const actors: Readonly<Record<WhoActs, string>> = {
  user: 'you',
  remote: 'remote',
  system: 'machine',
  caller: 'sender',
};

/** What a code means where its sentence is put together at run time. */
const meanings: Readonly<Record<string, string>> = {
  AppUnknown: 'There is no application of this name',
  ClusterUnreachable: 'There is no connection to the cluster, or its certificate is not one that the kubeconfig trusts',
  CrdNotEstablished: 'A custom resource definition was applied and the cluster did not accept it, or not in time',
  FieldConflict: 'Fields of an object belong to somebody else, and the application has `conflicts: fail`',
  Forbidden: 'The cluster does not allow this identity to do that (403)',
  GitEditInvalid: 'An image update names a file that is not in the commit, or not in a form that can be written back',
  GitFileMissing: 'There is no file at this path in the commit',
  GitObjectMissing: 'The stored copy of the repository lacks an object; it is fetched again',
  GitPackCorrupt: 'The pack that the Git host sent is damaged; nothing of it is used',
  GitPackStored: 'Internal: the pack is stored already',
  GitPackTruncated: 'The Git host broke off in the middle of a pack; nothing of it is used',
  GitRateLimited: 'The Git host asks to slow down (429)',
  GitTimeout: 'The Git host, or the git command, took longer than it may',
  GitTreeInvalid:
    'A tree of the repository has a name that no file may have (`..`, `.git`, a slash) or two of one name',
  GitTreeTooDeep: 'The tree is deeper than 64 directories',
  GitTreeTooLarge: 'The tree has more entries than the limit',
  GitUrlInvalid: 'The URL of the repository cannot be used',
  HelmFailed: 'Helm refused the chart; the message is that of Helm, with the template that it names',
  HelmSchema: 'The values do not fit the schema of the chart',
  HelmWarning: 'A warning of Helm; the application is applied',
  ImageMarkerInvalid: 'A `# holdfast:image` comment cannot be understood, or does not stand on a plain value',
  ImageMarkerUnreadable:
    'A file that holds a `# holdfast:image` comment cannot be read as YAML, so no image in it is updated',
  Internal: 'A fault of Holdfast itself; it is tried again, and the log has the details',
  Interrupted: 'Stopped by a person or a signal; what was written is recorded, and the next run goes on',
  JsonSyntax: 'Not valid JSON',
  KubeconfigInvalid: 'The kubeconfig cannot be used; the message names the entry',
  KubeconfigUnknownContext: 'The kubeconfig has no context of this name',
  KustomizeFailed: 'Kustomize refused the kustomization; the message is that of Kustomize',
  KustomizeMissing: 'A kustomization names a file or directory that is not in the repository',
  KustomizeWarning: 'A warning of Kustomize; the application is applied',
  NotApplied: 'The run ended without a result; its outcome says why',
  ObjectMissing: 'The sandbox cluster has no such object',
  PathMissing: 'There is nothing at the path of the application, or of its template',
  RenderAborted: 'Rendering was stopped',
  RenderBinaryMissing: 'kubectl or helm is needed and was not found, or is too old',
  RenderBinaryUnusable: 'The kubectl or helm that was named could not be started',
  RenderOutOfMemory: 'Rendering needs more memory than it may have',
  RenderRefused: 'The rendering was refused; the problems before it say where',
  RenderTimeout: 'Rendering took longer than it may',
  RenderTooLarge: 'Rendering wrote more than it may',
  Refused: 'Nothing was done because of the problems listed before it',
  RoleRefused: 'The role cannot be assumed; what to do says which policy to look at',
  RollbackImpossible: 'There is no run to go back to',
  RouteUnknown: 'There is nothing at this address',
  SandboxClusterRefusal: 'The sandbox cluster refused a request',
  SandboxUnreadableValue: 'A value of an object is of a type that its kind does not have',
  StackOperationFailed: 'An operation on the stack ended badly; the message names the first event that failed',
  TemplateAmbiguous: 'A value of the template means one thing in YAML 1.1 and another in YAML 1.2; put it in quotes',
  TemplateDuplicateKey: 'A mapping of the template has one key twice',
  UnknownKind: 'The cluster does not serve this apiVersion and kind',
  Usage: 'A wrong flag or argument',
  WrongTarget: 'A stack was given to a cluster',
  YamlNumber: 'A number that no computer would give back as it was written; put it in quotes',
  YamlSyntax: 'Not valid YAML',
  YamlTag: 'A YAML tag that manifests cannot have',
};

/** What to do, where the sources say it for one case only. */
const nexts: Readonly<Record<string, string>> = {
  RoleRefused: 'Check the trust policy of the role, the external id, sts:TagSession, and your own identity policy',
  Usage: 'holdfast --help',
};

/** The page of these codes. */
export function errorsPage(all: readonly ErrorCode[]): string {
  const codes = all.filter(({ code }) => !Object.hasOwn(configCodes, code));
  return [
    '# Error codes',
    '',
    '<!-- Made by `npm run gen` from lib; the sentences are those of the sources, with … for what differs. -->',
    '',
    'A code is never renamed. It stands in messages, in the JSON of `-o json`, in `status` and in events.',
    '',
    'Who must act: **you** (your files, settings or rights), **remote** (the Git host, the cluster or AWS: mostly there is nothing to do but',
    'wait), **machine** (Holdfast or the machine it runs on), **sender** (whoever sent the request that was refused).',
    '"Again" marks what Holdfast tries again by itself, always or where the message says so.',
    '',
    'The codes of `holdfast.yaml` (`Config…`) are in [configuration.md](configuration.md#problems).',
    '',
    ...sections.flatMap(([title, place]) =>
      section(
        title,
        codes.filter((one) => place.test(one.place)),
      ),
    ),
  ].join('\n');
}

/** Codes that are in no section, for the test. */
export function homeless(all: readonly ErrorCode[]): readonly string[] {
  return all
    .filter(({ code, place }) => !Object.hasOwn(configCodes, code) && !sections.some(([, form]) => form.test(place)))
    .map(({ code }) => code);
}

function section(title: string, codes: readonly ErrorCode[]): readonly string[] {
  const rows = codes.map(
    (one) =>
      `| \`${one.code}\` | ${[...one.who].map((who) => actors[who]).join(', ')} | ${one.retried ? 'again' : ''} | ${cell(meaning(one))} | ${cell(nexts[one.code] ?? [...one.next].slice(0, 2).join('; or: '))} |`,
  );
  return [`## ${title}`, '', '| code | who acts | | what it says | what to do |', '|---|---|---|---|---|', ...rows, ''];
}

function meaning({ code, messages }: ErrorCode): string {
  const own = Object.hasOwn(meanings, code) ? meanings[code] : undefined;
  return own ?? [...messages].slice(0, 3).join('; or: ');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '\\<').replaceAll('\n', ' ').trim();
}
