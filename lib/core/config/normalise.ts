// From a checked entry to applications with every default filled in.
import type { JsonObject } from '../json.ts';
import { resolvePath } from '../source/path.ts';
import { kindShortNames, type Policy, policyDefaults } from './defaults.ts';
import type { Draft, Member } from './draft.ts';
import { durationMs } from './formats.ts';
import type { Application, ImageRule, Position, PrunePolicy, StackSpec, TargetSpec } from './model.ts';
import { splitReference } from './relations.ts';
import type { Entry, PolicyKeys, TargetEntry } from './schema.ts';

/** Targets on which each application name stands, and whether its entry says `targets` (then ids carry the target). */
export type Placement = ReadonlyMap<string, { readonly targets: readonly string[]; readonly several: boolean }>;

export interface NormaliseContext {
  readonly alias: string;
  readonly defaults: PolicyKeys;
  readonly placement: Placement;
}

/** A target as the rest of Holdfast knows it. Undefined when it is not exactly one kind. */
export function normaliseTarget(name: string, entry: TargetEntry): TargetSpec | undefined {
  if (entry.kubeconfig !== undefined) return { kind: 'kubeconfig', name, ...entry.kubeconfig };
  if (entry.eks !== undefined) return { kind: 'eks', name, ...entry.eks };
  if (entry.cloudformation !== undefined) return { kind: 'cloudformation', name, ...entry.cloudformation };
  return entry.sandbox === undefined ? undefined : { kind: 'sandbox', name };
}

/** One member of an entry: one application for each target. */
export function normaliseApplication(
  { member, draft, entry, position }: { member: Member; draft: Draft; entry: Entry; position: Position },
  context: NormaliseContext,
): readonly Application[] {
  const several = entry.targets !== undefined;
  return (entry.targets ?? [entry.target ?? '']).map((target) => {
    const name = several ? `${member.name}@${target}` : member.name;
    const path = member.path ?? '';
    return {
      id: `${context.alias}/${name}`,
      name,
      alias: context.alias,
      path,
      target,
      ...(entry.namespace === undefined ? {} : { namespace: entry.namespace }),
      exclude: entry.exclude ?? [],
      helm: normaliseHelm(entry, path),
      ...(entry.stack === undefined ? {} : { stack: normaliseStack(entry.stack) }),
      dependsOn: dependencies(draft, target, context),
      ...normalisePolicy(entry, context.defaults, entry.stack !== undefined),
      adoptFrom: adoptFrom(entry),
      images: (entry.images ?? []).map(({ repository, policy }): ImageRule => ({ repository, policy })),
      ...(entry.movedFrom === undefined ? {} : { movedFrom: entry.movedFrom }),
      position,
    };
  });
}

function adoptFrom({ adopt }: Entry): readonly string[] {
  if (adopt === undefined) return [];
  return typeof adopt.from === 'string' ? [adopt.from] : adopt.from;
}

function normaliseHelm({ helm }: Entry, path: string): Application['helm'] {
  return {
    valuesFiles: (helm?.valuesFiles ?? []).map((file) => resolvePath(path, file) ?? file),
    values: (helm?.values ?? {}) as JsonObject,
  };
}

function normaliseStack(stack: NonNullable<Entry['stack']>): StackSpec {
  const texts = (values: Readonly<Record<string, string | number | boolean>> | undefined): Record<string, string> =>
    Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [key, String(value)]));
  return {
    name: stack.name,
    parameters: texts(stack.parameters),
    tags: texts(stack.tags),
    capabilities: stack.capabilities ?? [],
    ...(stack.roleArn === undefined ? {} : { roleArn: stack.roleArn }),
  };
}

/** Ids of the applications that an entry waits for: on the same target where there is one, else all of that name. */
function dependencies(draft: Draft, target: string, { alias, placement }: NormaliseContext): readonly string[] {
  return draft.dependsOn.flatMap((reference) => {
    const wanted = splitReference(reference.name);
    const placed = placement.get(wanted.name);
    if (placed === undefined || !placed.several) return [`${alias}/${wanted.name}`];
    const same = placed.targets.includes(target) ? [target] : placed.targets;
    const targets = wanted.target === undefined ? same : [wanted.target];
    return targets.map((one) => `${alias}/${wanted.name}@${one}`);
  });
}

/** Built-in defaults, then `defaults` of the file, then the entry. */
function normalisePolicy(entry: PolicyKeys & Pick<Entry, 'recurse'>, defaults: PolicyKeys, isStack: boolean): Policy {
  const base = isStack ? policyDefaults.stack : policyDefaults.kubernetes;
  // Deleting a stack destroys what it holds: only the entry itself can ask for it.
  const inherited = isStack ? base.prune : mergePrune(base.prune, defaults);
  const every = durationMs(entry.drift?.every ?? defaults.drift?.every ?? '');
  return {
    sync: {
      auto: entry.sync?.auto ?? defaults.sync?.auto ?? base.sync.auto,
      selfHeal: entry.sync?.selfHeal ?? defaults.sync?.selfHeal ?? base.sync.selfHeal,
    },
    prune: mergePrune(inherited, entry),
    drift: { everyMs: every ?? base.drift.everyMs },
    conflicts: entry.conflicts ?? defaults.conflicts ?? base.conflicts,
    recurse: entry.recurse ?? base.recurse,
  };
}

function mergePrune(base: PrunePolicy, keys: PolicyKeys): PrunePolicy {
  const said = keys.prune ?? keys.sync?.prune;
  if (said === undefined) return base;
  if (typeof said === 'boolean') return { ...base, enabled: said };
  const kinds = said.kinds?.map((kind) => kindShortNames[kind] ?? kind);
  return {
    enabled: said.enabled ?? base.enabled,
    confirm: said.confirm ?? base.confirm,
    adopted: said.adopted ?? base.adopted,
    kinds: kinds === undefined ? base.kinds : [...new Set(kinds)],
    budget: { ...base.budget, ...said.budget },
  };
}
