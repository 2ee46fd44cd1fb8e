// Reads the config file of one commit into a catalogue: all problems at once, each with its place. A problem outside `apps`
// refuses the commit; a problem inside an entry holds that entry and the others go on.
import { checkEntry, checkRoot } from './checks.ts';
import { checkPaths, type ConfigTree, findMembers } from './discover.ts';
import { ConfigDocument, documentLimits, isMapping, type ReadFault } from './document.ts';
import { type Draft, readDrafts, readTargets } from './draft.ts';
import { issueProblems } from './issues.ts';
import type { Application, Catalogue, CatalogueResult, HeldEntry, Problem, TargetSpec } from './model.ts';
import { normaliseApplication, normaliseTarget, type Placement } from './normalise.ts';
import { type ConfigCode, problemAt, quoted, sortProblems } from './problems.ts';
import { readQuickly } from './quick-yaml.ts';
import { checkRelations } from './relations.ts';
import { type Entry, entrySchema, type Root, rootSchema } from './schema.ts';

/** What `readCatalogue` needs. */
export interface CatalogueRequest {
  /** Alias of the repository: the first part of every application's id. */
  readonly alias: string;
  readonly revision: string;
  /** The config file; `text` is undefined when the commit has none. */
  readonly file: { readonly path: string; readonly text: string | undefined };
  /** The same commit, for `discover` and to see whether paths lead anywhere. */
  readonly tree: ConfigTree;
  /** The installation's own default of `drift.every`, for a file that gives none. */
  readonly driftEvery?: string | undefined;
}

/** Reads a config file. Throws only what the tree throws (Git that cannot be read), never for anything in the file. */
export async function readCatalogue(request: CatalogueRequest): Promise<CatalogueResult> {
  const { path, text } = request.file;
  const refuse = (code: ConfigCode, message: string): CatalogueResult => ({
    kind: 'refused',
    problems: [problemAt({ file: path, line: 1, column: 1 }, code, message)],
  });
  if (text === undefined) {
    const write = '`holdfast init` writes one (the smallest: "version: 1" and "apps: []")';
    return refuse('ConfigMissing', `There is no ${quoted(path)} at the root of the repository; ${write}`);
  }
  if (text.length > documentLimits.characters) return refuse('ConfigTooLarge', 'The file is larger than 4 MiB');
  const read = readQuickly(text) ?? (await import('./yaml.ts')).readYaml(text);
  const document = new ConfigDocument(path, text, read);
  if (read.faults.some((fault) => fault.path.length === 0)) {
    return { kind: 'refused', problems: sortProblems(read.faults.map((fault) => faultProblem(fault, document))) };
  }
  if (!isMapping(document.value)) return refuse('ConfigWrongType', emptyText(document.value, path));
  return await readDocument(request, document, read.faults);
}

function emptyText(value: unknown, path: string): string {
  if (value === null) return `${quoted(path)} is empty; begin with \`version: 1\``;
  return `${quoted(path)} must be a mapping; begin with \`version: 1\``;
}

function faultProblem(fault: ReadFault, document: ConfigDocument): Problem {
  return problemAt(document.position(fault.at), fault.code, fault.message);
}

async function readDocument(
  request: CatalogueRequest,
  document: ConfigDocument,
  faults: readonly ReadFault[],
): Promise<CatalogueResult> {
  const drafts = readDrafts(document);
  keepWrittenText(drafts, document);
  const root = parseRoot(document);
  const rootProblems = [...root.problems, ...checkRoot(document)];
  const entries = drafts.map((draft) => parseEntry(draft, document));
  for (const fault of faults) {
    const owner = fault.path[0] === 'apps' ? drafts[Number(fault.path[1])] : undefined;
    (owner?.problems ?? rootProblems).push(faultProblem(fault, document));
  }
  for (const draft of drafts) checkEntry(draft, document);
  await findMembers(drafts, request.tree, document);
  await checkPaths(drafts, request.tree, document);
  checkRelations({ document, drafts, targets: readTargets(document) });

  const entryProblems = drafts.flatMap((draft) => [
    ...draft.problems,
    ...draft.unnamed,
    ...draft.members.flatMap((member) => member.problems),
  ]);
  const problems = sortProblems([...rootProblems, ...entryProblems]);
  if (root.data === undefined || rootProblems.length > 0) return { kind: 'refused', problems };
  return { kind: 'catalogue', catalogue: build({ request, document, drafts, entries, root: root.data }), problems };
}

function parseRoot(document: ConfigDocument): { readonly data?: Root; readonly problems: Problem[] } {
  const parsed = rootSchema.safeParse(document.value);
  if (parsed.success) return { data: parsed.data, problems: [] };
  return { problems: [...issueProblems(parsed.error.issues, { document, schema: rootSchema, base: [] })] };
}

function parseEntry(draft: Draft, document: ConfigDocument): Entry | undefined {
  const apps = (document.value as { readonly apps: readonly unknown[] }).apps;
  const parsed = entrySchema.safeParse(apps[Number(draft.at[1])]);
  if (parsed.success) return parsed.data;
  draft.problems.push(...issueProblems(parsed.error.issues, { document, schema: entrySchema, base: draft.at }));
  return undefined;
}

interface Parts {
  readonly request: CatalogueRequest;
  readonly document: ConfigDocument;
  readonly drafts: readonly Draft[];
  readonly entries: readonly (Entry | undefined)[];
  readonly root: Root;
}

function build({ request, document, drafts, entries, root }: Parts): Catalogue {
  const placement = placementOf(drafts);
  const installed = request.driftEvery === undefined ? {} : { drift: { every: request.driftEvery } };
  const context = { alias: request.alias, defaults: { ...installed, ...root.defaults }, placement };
  const apps: Application[] = [];
  const held: HeldEntry[] = [];
  for (const [index, draft] of drafts.entries()) {
    const entry = entries[index];
    for (const problem of draft.unnamed) held.push({ problems: [problem] });
    if (draft.members.length === 0 && draft.problems.length > 0) held.push({ problems: sortProblems(draft.problems) });
    for (const member of draft.members) {
      const problems = sortProblems([...draft.problems, ...member.problems]);
      if (entry === undefined || problems.length > 0) held.push({ name: member.name, problems });
      else apps.push(...normaliseApplication({ member, draft, entry, position: document.place(draft.at) }, context));
    }
  }
  const targets = Object.entries(root.targets ?? {}).flatMap(([name, entry]) => {
    const target = normaliseTarget(name, entry);
    return target === undefined ? [] : [[name, target] as [string, TargetSpec]];
  });
  const { alias, revision } = request;
  return { v: 1, alias, revision, targets: Object.fromEntries(targets), apps, held };
}

function placementOf(drafts: readonly Draft[]): Placement {
  return new Map(
    drafts.flatMap((draft) => {
      const place = { targets: draft.targets.map((target) => target.name), several: draft.value.targets !== undefined };
      return draft.members.map((member) => [member.name, place] as const);
    }),
  );
}

/** Parameters and tags are text to AWS: `010` and `1.10` stay what the file says, not the numbers they look like. */
function keepWrittenText(drafts: readonly Draft[], document: ConfigDocument): void {
  for (const draft of drafts) {
    const { stack } = draft.value;
    if (!isMapping(stack)) continue;
    for (const key of ['parameters', 'tags'] as const) {
      const values = stack[key];
      if (!isMapping(values)) continue;
      for (const [name, value] of Object.entries(values)) {
        if (typeof value !== 'number' && typeof value !== 'boolean') continue;
        values[name] = document.written([...draft.at, 'stack', key, name]) ?? String(value);
      }
    }
  }
}
