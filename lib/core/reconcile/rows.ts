// What every call of the store does to a row, as pure functions: all store adapters share them, so they cannot disagree.
import { HoldfastError } from '../errors.ts';
import type { Trigger } from '../trigger/model.ts';
import type { Intent, Lease, Release, Row, RowKey } from './store.ts';

/** Hints kept per row; older ones are dropped, because a reason is for people and `wanted` is what counts. */
export const MAX_REASONS = 20;
/** How long the id of a webhook delivery is remembered. */
export const DELIVERY_KEPT_MS = 7 * 24 * 3_600_000;
/** Runs kept per application: more than what the collection of garbage and a rollback look at. */
export const RUNS_KEPT = 200;

/** Members with `undefined` are removed. */
export type IntentChange = { readonly [K in keyof Intent]: Intent[K] | undefined };

/** An empty row. `fence` is the highest number ever given out for a removed row, so that numbers never repeat. */
export function newRow(key: RowKey, fence: number): Row {
  return { v: 1, key, wanted: 0, handled: 0, reasons: [], fence, intent: {} };
}

/** What a list tells of a row that a newer version wrote. */
export function newerRow(key: RowKey, newer: number): Row {
  return { ...newRow(key, 0), newer };
}

/** One more hint. */
export function hinted(row: Row, trigger: Trigger): Row {
  return { ...row, wanted: row.wanted + 1, reasons: [...row.reasons, trigger].slice(-MAX_REASONS) };
}

/** The row with a newer observation of its repository; undefined when the stored one is as new or newer. */
export function assigned(row: Row, source: NonNullable<Row['source']>, trigger: Trigger): Row | undefined {
  if (row.source !== undefined && source.seq <= row.source.seq) return undefined;
  return hinted({ ...row, source }, trigger);
}

/** The row with what a person asked for merged in. */
export function intended(row: Row, change: IntentChange, trigger: Trigger): Row {
  const merged = Object.entries({ ...row.intent, ...change }).filter(([, value]) => value !== undefined);
  return hinted({ ...row, intent: Object.fromEntries(merged) }, trigger);
}

/** The row taken by `holder` until `until`; the fencing number rises, and so does the count of takes that no release has followed. */
export function taken(row: Row, holder: string, until: number): Row & { readonly lease: Lease } {
  const fence = row.fence + 1;
  return { ...row, fence, takes: (row.takes ?? 0) + 1, lease: { holder, fence, until } };
}

/** Whether `lease` is the one that the row is held by now. An expired lease that nobody took still counts. */
export function holds(row: Row | undefined, lease: Lease): row is Row & { readonly lease: Lease } {
  return row?.lease !== undefined && row.lease.fence === lease.fence && row.lease.holder === lease.holder;
}

/** Result of a release: the row without its lease, or with it when hints came in since `seen`. */
export type Released = { readonly kind: 'released' | 'again'; readonly row: Row };

/** What a release makes of the row. The state is replaced only when the release brings one. */
export function released(row: Row, release: Release): Released {
  const { due: _due, takes: _takes, failures = 0, lease, ...rest } = row;
  const handled = Math.max(row.handled, Math.min(release.seen, row.wanted));
  const unseen = row.wanted - handled;
  const next: Row = {
    ...rest,
    handled,
    reasons: unseen === 0 ? [] : row.reasons.slice(-unseen),
    ...(release.failed === true ? { failures: failures + 1 } : {}),
    ...(release.due === undefined ? {} : { due: release.due }),
    ...(release.state === undefined ? {} : { state: release.state }),
  };
  if (unseen === 0) return { kind: 'released', row: next };
  return { kind: 'again', row: { ...next, ...(lease === undefined ? {} : { lease }) } };
}

/** When the row should be looked at, or undefined when it has nothing to do. A hint counts from when it came, whatever `due` says. */
export function readyAt(row: Pick<Row, 'wanted' | 'handled' | 'due' | 'reasons'>): number | undefined {
  if (row.wanted <= row.handled) return row.due;
  const hintedAt = row.reasons[0]?.at ?? 0;
  return row.due === undefined ? hintedAt : Math.min(hintedAt, row.due);
}

/** Whether a row asks for work at `now`. A hint asks at once, even one dated in the future by a clock that has since been set back. */
export function isReady(row: Pick<Row, 'wanted' | 'handled' | 'due'>, now: number): boolean {
  return row.wanted > row.handled || (row.due !== undefined && row.due <= now);
}

/** Thrown by a fenced write that came too late. */
export function leaseLost(key: RowKey, lease: Lease): HoldfastError {
  return new HoldfastError({
    code: 'LeaseLost',
    source: 'system',
    message: `Another worker has taken over ${key}; this one stops and writes nothing more`,
    object: key,
    reason: `fence ${lease.fence} is no longer the current one`,
    retryable: true,
  });
}

/** Thrown when state was written by a newer version: nothing is written to it. */
export function stateTooNew(what: string, found: number, known: number): HoldfastError {
  return new HoldfastError({
    code: 'StateTooNew',
    source: 'user',
    message: `${what} was written by a newer version of Holdfast (format ${found}; this one knows ${known})`,
    object: what,
    next: 'Update Holdfast, or point --data at another directory',
  });
}
