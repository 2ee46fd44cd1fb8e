// Rules inside one entry that concern more than one key, and rules of the targets. They run on drafts, so they are told together
// with everything that the schema finds.
import { hasSecretForm, isSecretName, isSecretReference } from '../secrets.ts';
import { type ConfigDocument, isMapping, type Path, valueAt } from './document.ts';
import type { Draft } from './draft.ts';
import { nameFault, nameLengths, pathFault } from './formats.ts';
import type { Problem } from './model.ts';
import { type ConfigCode, problemAt, quoted } from './problems.ts';

/** Keys that mean nothing for a stack. */
const kubernetesOnly = ['namespace', 'exclude', 'recurse', 'helm', 'conflicts', 'discover'] as const;

/** Checks the keys of one entry against each other; problems go to the draft. */
export function checkEntry(draft: Draft, document: ConfigDocument): void {
  const { value, at } = draft;
  const report = (path: Path, code: ConfigCode, message: string, part: 'key' | 'value' = 'key'): void => {
    draft.problems.push(problemAt(document.place([...at, ...path], part), code, message));
  };
  if (value.discover === undefined) {
    if (value.name === undefined)
      report([], 'ConfigMissingKey', 'The entry has neither "name" nor "discover"', 'value');
    else if (value.path === undefined) report([], 'ConfigMissingKey', 'The entry has no "path"', 'value');
  } else if (value.path !== undefined) report(['path'], 'ConfigEitherOr', 'Write "discover" or "path", not both');
  if (value.target === undefined && value.targets === undefined) {
    report([], 'ConfigMissingKey', 'The entry has neither "target" nor "targets"', 'value');
  }
  if (value.target !== undefined && value.targets !== undefined) {
    report(['targets'], 'ConfigEitherOr', 'Write "target" or "targets", not both');
  }
  if (draft.isStack) {
    for (const key of kubernetesOnly) {
      if (value[key] !== undefined) report([key], 'ConfigNotForStack', `"${key}" means nothing for a stack`);
    }
  }
  for (const problem of [
    ...nameProblems(draft, document),
    ...repeated(draft, document),
    ...pruneTwice(document, at),
    ...valuesFileProblems(draft, document),
    ...freeFormProblems(draft, document),
  ]) {
    draft.problems.push(problem);
  }
}

function nameProblems({ name, discover, value, at }: Draft, document: ConfigDocument): readonly Problem[] {
  if (name === undefined) return [];
  const nameIs = (code: ConfigCode, message: string): readonly Problem[] => [
    problemAt(document.place([...at, 'name']), code, message),
  ];
  if (value.discover === undefined) {
    const fault = nameFault(name, nameLengths.app);
    return fault === undefined ? [] : nameIs(fault.code, fault.message);
  }
  const stars = discover?.split('*').length ?? 1;
  const parts = [...name.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '');
  const wrong = parts.find((part) => !/^[1-9]$/.test(part) || Number(part) >= stars);
  if (wrong !== undefined) {
    return nameIs('ConfigName', `{${wrong}} does not stand for a "*" of the pattern, which has ${stars - 1}`);
  }
  if (parts.length > 0) return [];
  return nameIs('ConfigName', 'With "discover" the name is a template and needs a part such as {1}');
}

/** The same name twice in one list. */
function repeated({ targets, dependsOn }: Draft, document: ConfigDocument): readonly Problem[] {
  return [targets, dependsOn].flatMap((list) => {
    const seen = new Set<string>();
    return list.flatMap(({ name, at }) => {
      const twice = seen.has(name);
      seen.add(name);
      return twice ? [problemAt(document.place(at), 'ConfigValue', `${quoted(name)} stands in this list twice`)] : [];
    });
  });
}

/** `prune` may stand in one of two places. `at` is an entry or `defaults`. */
export function pruneTwice(document: ConfigDocument, at: Path): readonly Problem[] {
  const under = [...at, 'sync', 'prune'];
  if (valueAt(document.value, under) === undefined || valueAt(document.value, [...at, 'prune']) === undefined)
    return [];
  return [
    problemAt(
      document.place(under, 'key'),
      'ConfigEitherOr',
      'Write "prune" here or next to "sync", not in both places',
    ),
  ];
}

/** Values files are seen from the application's path, and must stay in the repository. */
function valuesFileProblems(draft: Draft, document: ConfigDocument): readonly Problem[] {
  const files = valueAt(draft.value, ['helm', 'valuesFiles']);
  if (!Array.isArray(files)) return [];
  // A discovered application's own path is not known here; its depth is that of the pattern, and that is all that counts.
  const directory = draft.path ?? draft.discover?.replaceAll('*', 'x') ?? '';
  return (files as readonly unknown[]).flatMap((file, index) => {
    const fault = typeof file === 'string' ? pathFault(file, directory) : undefined;
    if (fault === undefined) return [];
    return [problemAt(document.place([...draft.at, 'helm', 'valuesFiles', index]), fault.code, fault.message)];
  });
}

/** Secrets and unsafe numbers in the parts whose keys are the user's own. */
function freeFormProblems(draft: Draft, document: ConfigDocument): readonly Problem[] {
  const problems: Problem[] = [];
  const visit = (value: unknown, path: Path, named: boolean): void => {
    if (typeof value === 'object' && value !== null) {
      const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
      for (const key of keys) visit((value as Record<string | number, unknown>)[key], [...path, key], named);
      return;
    }
    const key = path.at(-1);
    if (typeof value === 'string' && looksSecret(value, named ? String(key) : '')) {
      const message = `The value of "${String(key)}" looks like a secret, and Git keeps it for ever; refer to a secret store, e.g. {{resolve:secretsmanager:NAME}} or an existing Secret`;
      problems.push(problemAt(document.place(path), 'ConfigInlineSecret', message));
    }
    if (typeof value === 'number' && isRounded(value)) {
      problems.push(
        problemAt(document.place(path), 'ConfigNumber', 'This number would be changed by reading it; put it in quotes'),
      );
    }
  };
  const { stack, helm } = draft.value;
  if (isMapping(stack)) {
    visit(stack.parameters, [...draft.at, 'stack', 'parameters'], true);
    visit(stack.tags, [...draft.at, 'stack', 'tags'], true);
  }
  if (isMapping(helm)) visit(helm.values, [...draft.at, 'helm', 'values'], false);
  return problems;
}

function looksSecret(value: string, name: string): boolean {
  if (hasSecretForm(value)) return true;
  return name !== '' && isSecretName(name) && value !== '' && !isSecretReference(value);
}

/** Infinite, not a number, or an integer that a double cannot hold. */
function isRounded(value: number): boolean {
  return !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
}

/** Rules outside `apps`: one kind for each target, `prune` in one place. */
export function checkRoot(document: ConfigDocument): readonly Problem[] {
  const root = document.value;
  const targets = isMapping(root) && isMapping(root.targets) ? root.targets : {};
  const problems = Object.entries(targets).flatMap(([name, value]) => {
    if (!isMapping(value)) return [];
    const kinds = Object.keys(value);
    if (kinds.length === 1) return [];
    const which = 'kubeconfig, eks, cloudformation or sandbox';
    const message =
      kinds.length === 0
        ? `The target says not what it is: write ${which}`
        : `A target is one of ${which}; this has ${kinds.length} keys`;
    return [problemAt(document.place(['targets', name], 'key'), 'ConfigEitherOr', message)];
  });
  return [...problems, ...pruneTwice(document, ['defaults'])];
}
