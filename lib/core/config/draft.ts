// Entries of `apps` as far as they can be read, so that rules between entries hold even when one of them is wrong elsewhere.
import { resolvePath } from '../source/path.ts';
import { type ConfigDocument, isMapping, type Path } from './document.ts';
import { pathFault } from './formats.ts';
import type { Problem, TargetSpec } from './model.ts';

/** A text somewhere in an entry. */
export interface Reference {
  readonly name: string;
  readonly at: Path;
}

/** One application that an entry declares, before it is known whether it can be used. */
export interface Member {
  readonly name: string;
  /** Path in the repository, normalised; undefined when it cannot be read. */
  readonly path: string | undefined;
  /** What is wrong with this one alone. */
  readonly problems: Problem[];
}

/** An entry of `apps`. */
export interface Draft {
  readonly at: Path;
  readonly value: Readonly<Record<string, unknown>>;
  readonly name: string | undefined;
  readonly discover: string | undefined;
  readonly path: string | undefined;
  readonly targets: readonly Reference[];
  readonly dependsOn: readonly Reference[];
  readonly isStack: boolean;
  readonly stackName: string | undefined;
  /** What is wrong with the entry, and so with all its members. */
  readonly problems: Problem[];
  /** Filled from `name`, or by looking for what `discover` finds. */
  readonly members: Member[];
  /** Discovered directories that could not become members. */
  readonly unnamed: Problem[];
}

/** What a target says about itself, as far as it can be read. */
export interface TargetFacts {
  /** Undefined when it is not exactly one kind. */
  readonly kind: TargetSpec['kind'] | undefined;
  /** Where its stacks are. Equal for two names of one account and region. */
  readonly place: string;
}

export type Targets = ReadonlyMap<string, TargetFacts>;

/** All entries of the file. */
export function readDrafts(document: ConfigDocument): readonly Draft[] {
  const root = document.value;
  const apps = isMapping(root) && Array.isArray(root.apps) ? (root.apps as readonly unknown[]) : [];
  return apps.map((value, index) => readDraft(isMapping(value) ? value : {}, ['apps', index]));
}

function readDraft(value: Readonly<Record<string, unknown>>, at: Path): Draft {
  const { name, discover, path, stack } = value;
  const single = typeof value.target === 'string' ? [{ name: value.target, at: [...at, 'target'] }] : [];
  const readable = typeof path === 'string' && pathFault(path) === undefined;
  return {
    at,
    value,
    name: typeof name === 'string' ? name : undefined,
    discover: typeof discover === 'string' ? discover : undefined,
    path: readable ? resolvePath('', path) : undefined,
    targets: value.targets === undefined ? single : references(value.targets, [...at, 'targets']),
    dependsOn: references(value.dependsOn, [...at, 'dependsOn']),
    isStack: stack !== undefined,
    stackName: isMapping(stack) && typeof stack.name === 'string' ? stack.name : undefined,
    problems: [],
    members: [],
    unnamed: [],
  };
}

function references(value: unknown, at: Path): readonly Reference[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).flatMap((name, index) =>
    typeof name === 'string' ? [{ name, at: [...at, index] }] : [],
  );
}

const targetKinds = ['kubeconfig', 'eks', 'cloudformation', 'sandbox'] as const;

/** Targets of the file. */
export function readTargets(document: ConfigDocument): Targets {
  const root = document.value;
  const targets = isMapping(root) && isMapping(root.targets) ? root.targets : {};
  return new Map(
    Object.entries(targets).map(([name, value]) => {
      const kinds = isMapping(value) ? targetKinds.filter((kind) => value[kind] !== undefined) : [];
      const stacks = isMapping(value) ? value.cloudformation : undefined;
      return [name, { kind: kinds.length === 1 ? kinds[0] : undefined, place: stackPlace(stacks) ?? name }];
    }),
  );
}

/** Account, region and endpoint, where all is said; without an account nobody can tell two targets to be one. */
function stackPlace(value: unknown): string | undefined {
  if (!isMapping(value) || typeof value.account !== 'string') return undefined;
  return JSON.stringify([value.account, value.region, value.endpoint]);
}
