// One wake of the root repository: write image updates back to Git, look at the head, fan out, see that targets are watched.
import type { RepoState } from '../core/reconcile/state.ts';
import type { Row } from '../core/reconcile/store.ts';
import type { Trigger } from '../core/trigger/model.ts';
import type { Home } from './home.ts';
import { updateImages } from './images.ts';
import { lookAtRepository } from './repository.ts';
import { readCatalogueBlob, targetKey } from './rows.ts';
import { targetsInUse } from './sweep.ts';

/** Longest time that image hints are collected before they are acted on. */
const imageBatchMs = 30_000;

/** Looks at the repository; the answer is the new state and when to poll next. */
export async function wakeRepository(
  home: Home,
  before: RepoState,
  row: Row,
  signal: AbortSignal,
): Promise<{ readonly state: RepoState; readonly due?: number }> {
  const triggers = row.reasons;
  const look = await lookAtRepository(home, before, triggers);
  if (look.due !== undefined) return look;
  await watchTargets(home, look.state, before);
  const images = triggers.filter((hint) => hint.kind === 'image');
  const pending = images.length > 0 ? images : (look.state.images ?? []);
  const poll = home.now() + home.settings.pollMs;
  if (pending.length === 0) return { state: look.state, due: poll };
  const ready = readyAt(pending, home.settings.imageQuietMs);
  const waiting: RepoState = { ...look.state, images: pending };
  if (home.now() < ready) return { state: waiting, due: ready };
  const pushed = await updateImages(home, signal);
  const settled: RepoState = { ...look.state, images: undefined };
  if (!pushed) return { state: settled, due: poll };
  const trigger: Trigger = { kind: 'image', at: home.now(), note: pending.map((hint) => hint.note ?? '').join(', ') };
  const after = await lookAtRepository(home, settled, [trigger]);
  return { state: after.state, due: after.due ?? poll };
}

/** Two seconds after the last image, at most thirty after the first: a release that pushes ten images makes one commit. */
function readyAt(images: readonly Trigger[], quietMs: number): number {
  const times = images.map((hint) => hint.at);
  return Math.min(Math.max(...times) + quietMs, Math.min(...times) + imageBatchMs);
}

/** Every target in use has a row, so that its drift sweep becomes due. */
async function watchTargets(home: Home, state: RepoState, before: RepoState): Promise<void> {
  if (state.catalogue === undefined || state.catalogue === before.catalogue) return;
  const catalogue = await readCatalogueBlob(home.blobs, state);
  if (catalogue === undefined) return;
  for (const name of targetsInUse(Object.values(catalogue.targets), catalogue.apps)) {
    if ((await home.store.read(targetKey(name))) === undefined) {
      await home.store.hint(targetKey(name), { kind: 'config', at: home.now(), note: 'new target' });
    }
  }
}
