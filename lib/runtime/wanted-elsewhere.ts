// Who else of this installation wants an object: what moves between applications is handed over, never deleted in between.
import type { Inventory } from '../core/plan/target.ts';
import { groupOf, type ObjectId } from '../core/kubernetes/object.ts';
import type { AppSource } from '../core/reconcile/state.ts';
import type { Desired } from '../core/render/model.ts';
import type { Home } from './home.ts';
import { readDesired, renderSource } from './desired.ts';
import { appSource, appState } from './rows.ts';

type WantedBy = (id: ObjectId) => string | undefined;

/** Group, kind and name: enough to see that something could be stale, whatever its namespace resolves to. */
const looseKey = (group: string, kind: string, name: string): string => `${group}/${kind}|${name}`;

/** Asks the other applications of the target, only when this one would delete something. `planned`: sources that no row holds yet. */
export async function wantedElsewhere(
  home: Home,
  source: AppSource,
  inventory: Inventory,
  desired: () => Promise<Desired>,
  planned: readonly AppSource[] = [],
): Promise<WantedBy | undefined> {
  if (source.app.stack !== undefined || inventory.entries.length === 0) return undefined;
  const own = await desired();
  if (own.kind !== 'kubernetes') return undefined;
  const kept = new Set(
    own.objects.map(({ object }) => looseKey(groupOf(object.apiVersion), object.kind, object.metadata.name ?? '')),
  );
  const ids = inventory.entries.flatMap((entry) => ('stack' in entry.id ? [] : [entry.id]));
  const stale = new Set(ids.map((id) => looseKey(id.group, id.kind, id.name)).filter((key) => !kept.has(key)));
  if (stale.size === 0) return undefined;
  const wanted = new Map<string, string>();
  for (const { other, applied } of await others(home, planned)) {
    if (other.removed === true || other.app.id === source.app.id || other.app.target !== source.app.target) continue;
    for (const { object } of await objectsOf(home, other, applied)) {
      const group = groupOf(object.apiVersion);
      const name = object.metadata.name ?? '';
      if (!stale.has(looseKey(group, object.kind, name))) continue;
      for (const namespace of ['', object.metadata.namespace ?? other.app.namespace ?? '']) {
        wanted.set(`${group}/${object.kind}|${namespace}/${name}`, other.app.id);
      }
    }
  }
  return (id) => wanted.get(`${id.group}/${id.kind}|${id.namespace}/${id.name}`);
}

/** The other applications as they are wanted: as a plan has just read them, else as their rows say. */
async function others(
  home: Home,
  planned: readonly AppSource[],
): Promise<readonly { readonly other: AppSource; readonly applied: string | undefined }[]> {
  const found = new Map<string, { other: AppSource; applied: string | undefined }>();
  for (const row of await home.store.list('app/')) {
    const other = appSource(row);
    if (other !== undefined) found.set(other.app.id, { other, applied: appState(row).applied?.desired });
  }
  for (const other of planned) found.set(other.app.id, { other, applied: found.get(other.app.id)?.applied });
  return [...found.values()];
}

/** What another application wants now; what it has applied when its newest inputs do not render. */
async function objectsOf(
  home: Home,
  other: AppSource,
  applied: string | undefined,
): Promise<Extract<Desired, { kind: 'kubernetes' }>['objects']> {
  if (other.app.stack !== undefined) return [];
  const rendered =
    other.problems.length > 0 ? undefined : await renderSource(home, other, new AbortController().signal);
  const key = rendered?.kind === 'desired' ? rendered.key : applied;
  if (key === undefined) return [];
  const desired = await readDesired(home, key);
  return desired.kind === 'kubernetes' ? desired.objects : [];
}
