// Rules between entries: names, stacks, targets, and who waits for whom.
import { nearest } from './nearest.ts';
import type { ConfigDocument } from './document.ts';
import type { Draft, Member, Reference, Targets } from './draft.ts';
import { problemAt, quoted } from './problems.ts';

/** All entries with what they are checked against. */
export interface Relations {
  readonly document: ConfigDocument;
  readonly drafts: readonly Draft[];
  readonly targets: Targets;
}

/** Checks everything between entries; problems go to the drafts and their members. */
export function checkRelations(relations: Relations): void {
  const members = new Map<string, Owned[]>();
  for (const draft of relations.drafts) {
    for (const member of draft.members) {
      const same = members.get(member.name);
      if (same === undefined) members.set(member.name, [{ draft, member }]);
      else same.push({ draft, member });
    }
  }
  checkNames(members, relations);
  checkMoves(members, relations);
  checkTargets(relations);
  checkStacks(relations);
  checkDependencies(members, relations);
  checkCycles(members, relations);
}

interface Owned {
  readonly draft: Draft;
  readonly member: Member;
}

type Members = ReadonlyMap<string, readonly Owned[]>;

/** Where an entry says its name. */
function namePlace({ draft }: Owned, document: ConfigDocument): ReturnType<ConfigDocument['place']> {
  return document.place([...draft.at, draft.value.discover === undefined ? 'name' : 'discover']);
}

function checkNames(members: Members, { document }: Relations): void {
  for (const [name, same] of members) {
    if (same.length < 2) continue;
    for (const one of same) {
      const others = same
        .filter((other) => other !== one)
        .map((other) => `line ${namePlace(other, document).line} (path ${other.member.path ?? '?'})`);
      const found = one.draft.value.discover === undefined ? '' : ` found at ${quoted(one.member.path ?? '')}`;
      const message = `The name ${quoted(name)}${found} is used again on ${others.join(', ')}`;
      one.member.problems.push(problemAt(namePlace(one, document), 'ConfigDuplicateName', message));
    }
  }
}

/** A former name must be free, or two applications would claim what was made under it. */
function checkMoves(members: Members, { document, drafts }: Relations): void {
  const claimed = new Map<string, Draft>();
  for (const draft of drafts) {
    const { movedFrom } = draft.value;
    if (typeof movedFrom !== 'string') continue;
    const other = members.get(movedFrom)?.[0]?.draft ?? claimed.get(movedFrom);
    claimed.set(movedFrom, draft);
    if (other === undefined) continue;
    const message = `The former name ${quoted(movedFrom)} is taken by the entry in line ${document.place(other.at).line}`;
    draft.problems.push(problemAt(document.place([...draft.at, 'movedFrom']), 'ConfigDuplicateName', message));
  }
}

function checkTargets({ document, drafts, targets }: Relations): void {
  for (const draft of drafts) {
    for (const { name, at } of draft.targets) {
      if (!targets.has(name)) {
        const known = targets.size === 0 ? '; the file has no targets' : '';
        const message = `There is no target ${quoted(name)}${known}`;
        const near = nearest(name, targets.keys());
        draft.problems.push(problemAt(document.place(at), 'ConfigUnknownTarget', message, near));
        continue;
      }
      const kind = targets.get(name)?.kind;
      if (draft.isStack && (kind === 'kubeconfig' || kind === 'eks')) {
        const message = `The target ${quoted(name)} is a cluster and takes no stack`;
        draft.problems.push(problemAt(document.place(at), 'ConfigTargetKind', message));
      }
      if (!draft.isStack && kind === 'cloudformation') {
        const message = `The target ${quoted(name)} takes stacks only; add \`stack: { name: … }\` or choose a cluster`;
        draft.problems.push(problemAt(document.place(at), 'ConfigTargetKind', message));
      }
    }
  }
}

function checkStacks({ document, drafts, targets }: Relations): void {
  const stacks = new Map<string, Draft[]>();
  for (const draft of drafts) {
    if (draft.stackName === undefined) continue;
    for (const target of draft.targets) {
      // Stack names are compared as AWS does: two that differ in case only are two stacks.
      const key = JSON.stringify([targets.get(target.name)?.place ?? target.name, draft.stackName]);
      stacks.set(key, [...(stacks.get(key) ?? []), draft]);
    }
  }
  for (const same of stacks.values()) {
    if (same.length < 2) continue;
    for (const draft of same) {
      const others = same
        .filter((other) => other !== draft)
        .map((other) => quoted(other.name ?? `line ${document.place(other.at).line}`));
      if (others.length === 0) continue;
      const message = `The stack ${quoted(draft.stackName ?? '')} in this place is also that of ${others.join(', ')}`;
      draft.problems.push(problemAt(document.place([...draft.at, 'stack', 'name']), 'ConfigDuplicateStack', message));
    }
  }
}

/** Splits `name@target`. */
export function splitReference(text: string): { readonly name: string; readonly target?: string } {
  const sign = text.indexOf('@');
  return sign < 0 ? { name: text } : { name: text.slice(0, sign), target: text.slice(sign + 1) };
}

function checkDependencies(members: Members, { document, drafts }: Relations): void {
  const report = (draft: Draft, reference: Reference, message: string, suggestion?: string): void => {
    draft.problems.push(problemAt(document.place(reference.at), 'ConfigUnknownApp', message, suggestion));
  };
  for (const draft of drafts) {
    for (const reference of draft.dependsOn) {
      const { name, target } = splitReference(reference.name);
      const found = members.get(name);
      if (found === undefined) {
        report(draft, reference, `There is no application ${quoted(reference.name)}`, nearest(name, members.keys()));
      } else if (
        target !== undefined &&
        !found.some((owned) => owned.draft.targets.some((one) => one.name === target))
      ) {
        report(draft, reference, `The application ${quoted(name)} is not on a target ${quoted(target)}`);
      }
    }
  }
}

function checkCycles(members: Members, { document }: Relations): void {
  const edges = new Map<string, readonly string[]>();
  for (const [name, same] of members) {
    edges.set(name, [
      ...new Set(same.flatMap(({ draft }) => draft.dependsOn.map((one) => splitReference(one.name).name))),
    ]);
  }
  for (const circle of circles(edges)) {
    const names =
      circle.length > 10 ? `${circle.slice(0, 10).join(', ')} and ${circle.length - 10} more` : circle.join(', ');
    for (const name of circle) {
      for (const { draft, member } of members.get(name) ?? []) {
        const place = document.place([...draft.at, 'dependsOn']);
        const message =
          circle.length === 1 ? `${quoted(name)} waits for itself` : `These wait for each other in a circle: ${names}`;
        member.problems.push(problemAt(place, 'ConfigCycle', message));
      }
    }
  }
}

/** Groups of names that can all reach each other, and names that lead to themselves. Iterative: chains may be thousands long. */
export function circles(edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const found: string[][] = [];
  const lower = (name: string, value: number | undefined): void => {
    low.set(name, Math.min(low.get(name) ?? 0, value ?? 0));
  };
  for (const root of edges.keys()) {
    if (order.has(root)) continue;
    const path: { readonly name: string; next: number }[] = [];
    const enter = (name: string): void => {
      order.set(name, order.size);
      low.set(name, order.size - 1);
      open.push(name);
      isOpen.add(name);
      path.push({ name, next: 0 });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const target = (edges.get(top.name) ?? [])[top.next];
      top.next += 1;
      if (target !== undefined) {
        if (!edges.has(target)) continue;
        if (!order.has(target)) enter(target);
        else if (isOpen.has(target)) lower(top.name, order.get(target));
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lower(parent.name, low.get(top.name));
      if (low.get(top.name) !== order.get(top.name)) continue;
      const group = open.splice(open.lastIndexOf(top.name));
      for (const name of group) isOpen.delete(name);
      if (group.length > 1 || (edges.get(top.name) ?? []).includes(top.name)) found.push(group.sort());
    }
  }
  return found;
}
