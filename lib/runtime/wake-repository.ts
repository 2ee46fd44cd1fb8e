// One wake of the root repository: write image updates back to Git, look at the head, fan out, see that targets are watched.
import { asFailure } from '../core/errors.ts';
import { backoff } from '../core/reconcile/backoff.ts';
import { MAX_REASONS } from '../core/reconcile/rows.ts';
import type { RepoState } from '../core/reconcile/state.ts';
import type { Row } from '../core/reconcile/store.ts';
import type { Trigger } from '../core/trigger/model.ts';
import type { Home } from './home.ts';
import { type ImageUpdate, updateImages } from './images.ts';
import { stopped } from './perform.ts';
import { lookAtRepository, type RepositoryLook } from './repository.ts';
import { asJson, readCatalogueBlob, targetKey } from './rows.ts';
import { targetsInUse } from './sweep.ts';

/** Longest time that image hints are collected before they are acted on. */
const imageBatchMs = 30_000;

/** Looks at the repository; the answer is the new state and when to poll next. */
export async function wakeRepository(
  home: Home,
  before: RepoState,
  row: Row,
  { signal, guard: held }: { readonly signal: AbortSignal; readonly guard: () => void },
): Promise<{ readonly state: RepoState; readonly due?: number }> {
  const triggers = row.reasons;
  // Thousands of applications may be more than one turn: what was written by then is not written again by the next. That one sees
  // what a push or a poll would see; what other hints ask for is not to be seen in Git, and they are kept by not giving back.
  const mayStop = triggers.every(({ kind }) => kind === 'push' || kind === 'poll');
  const guard = (): void => {
    held();
    if (mayStop && signal.aborted) throw stopped();
  };
  const look = await lookAtRepository(home, before, triggers, guard);
  const hints = triggers.filter((hint) => hint.kind === 'image');
  const pending = bounded([...(before.images ?? []), ...hints]);
  const waiting: RepoState = { ...look.state, images: pending.length === 0 ? undefined : pending };
  if (look.due !== undefined) return { state: waiting, due: look.due };
  await watchTargets(home, look, before);
  const poll = home.now() + home.settings.pollMs;
  if (pending.length === 0) return { state: waiting, due: poll };
  const ready = readyAt(pending, home.settings.imageQuietMs);
  if (home.now() < ready) return { state: waiting, due: Math.min(ready, poll) };
  guard();
  const update = await tryImages(home, signal);
  if (update.kind === 'failed') {
    const attempts = look.state.attempts + 1;
    return { state: { ...waiting, attempts }, due: home.now() + backoff(attempts, home.random()) };
  }
  // Policies of a refused configuration are not known: the hints wait for the next good commit.
  if (update.kind === 'blocked') return { state: waiting, due: poll };
  const settled: RepoState = { ...look.state, images: undefined };
  if (update.kind === 'nothing') return { state: settled, due: poll };
  const trigger: Trigger = { kind: 'image', at: home.now(), note: pending.map((hint) => hint.note ?? '').join(', ') };
  const after = await lookAtRepository(home, settled, [trigger], guard);
  return { state: after.state, due: after.due ?? poll };
}

/** A failure of the registry or of the push is said, and tried again; the hints stay. */
async function tryImages(home: Home, signal: AbortSignal): Promise<ImageUpdate | { readonly kind: 'failed' }> {
  try {
    return await updateImages(home, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const failure = asFailure(error);
    home.emit({
      event: 'image-failed',
      at: home.now(),
      message: `Images cannot be updated now: ${failure.message}`,
      data: asJson(failure),
    });
    return { kind: 'failed' };
  }
}

/** The first and the newest: the first bounds the wait, and each is only a hint. */
function bounded(hints: readonly Trigger[]): readonly Trigger[] {
  return hints.length <= MAX_REASONS ? hints : [...hints.slice(0, 1), ...hints.slice(1 - MAX_REASONS)];
}

/** Two seconds after the last image, at most thirty after the first: a release that pushes ten images makes one commit. */
function readyAt(images: readonly Trigger[], quietMs: number): number {
  const times = images.map((hint) => hint.at);
  return Math.min(Math.max(...times) + quietMs, Math.min(...times) + imageBatchMs);
}

/** Every target in use has a row, so that its drift sweep becomes due; one that gets its first chart is asked what it is. */
async function watchTargets(
  home: Home,
  { state, unknown = [] }: Pick<RepositoryLook, 'state' | 'unknown'>,
  before: RepoState,
): Promise<void> {
  const changed = state.catalogue !== before.catalogue;
  const catalogue = changed ? await readCatalogueBlob(home.blobs, state) : undefined;
  const used = catalogue === undefined ? [] : targetsInUse(Object.values(catalogue.targets), catalogue.apps);
  for (const name of new Set([...used, ...unknown])) {
    // The row says when: an interval may have become shorter, or the target be used again.
    await home.store.hint(targetKey(name), { kind: 'config', at: home.now(), note: 'catalogue changed' });
  }
}
