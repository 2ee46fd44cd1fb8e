// What the API shows, read from rows, runs and blobs. Reads only.
import type { Application } from '../core/config/model.ts';
import { problemText } from '../core/config/model.ts';
import { subjectText } from '../core/plan/model.ts';
import type { DriftItem } from '../core/plan/target.ts';
import type { AppSource, AppState, RepoState, RunRecord } from '../core/reconcile/state.ts';
import { restingSync } from '../core/reconcile/status.ts';
import type { Blobs, Row, Store } from '../core/reconcile/store.ts';
import type {
  AppStatus,
  DriftDocument,
  RollbackChoice,
  RunLine,
  RunView,
  StatusDocument,
  Views,
} from '../web/views.ts';
import type { Feed } from './feed.ts';
import { appKey, appSource, appState, readCatalogueBlob, readJson, repoKey, repoState, whyUnreadable } from './rows.ts';

export interface ViewParts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly alias: string;
  readonly feed: Feed;
  /** Whether a repository is followed at all; absent = always. */
  readonly connected?: () => Promise<boolean>;
  /** When the schedule last ran, milliseconds since the epoch; absent where no schedule outside the process is needed. */
  readonly lastTick?: () => Promise<number | undefined>;
}

interface Known {
  readonly row: Row;
  readonly source: AppSource;
  readonly state: AppState;
}

/** The views of one home. */
export function createViews(parts: ViewParts): Views {
  const { store, blobs, alias } = parts;
  const repository = async (): Promise<RepoState> => repoState(await store.read(repoKey(alias)));
  return {
    apps: async () => {
      const rows = await store.list('app/');
      const names = known(rows).map(({ source }) => ({ id: source.app.id, name: source.app.name }));
      return [...names, ...unreadable(rows).map(({ id, status }) => ({ id, name: status.name }))];
    },
    status: async (ids) => {
      // The head moves after the rows: read after them it could make an old row look like what the new head wants.
      const head = await repository();
      const document = { ...(await statusOf(await store.list('app/'), head, ids)), ...(await tickLine(parts)) };
      if (ids !== undefined || (await parts.connected?.()) !== false) return document;
      return {
        ...document,
        problems: ['No repository is connected: holdfast connect URL', ...(document.problems ?? [])],
      };
    },
    history: async (id, limit) => {
      const runs = await store.runs(id, limit);
      const records = runs.map((run) => run.record as unknown as RunRecord);
      return {
        schemaVersion: 1,
        app: nameOf(id),
        runs: await Promise.all(records.map(async (record) => await runView(record, blobs))),
      };
    },
    drift: async (ids) => await driftOf(known(await store.list('app/')), blobs, ids),
    rollbackChoice: async (id, to) => await chooseRollback(parts, id, to),
    imageFollowers: async (image) => {
      const catalogue = await readCatalogueBlob(blobs, await repository());
      const follows = (app: Application): boolean =>
        app.images.some((rule) => rule.repository === image || rule.repository.endsWith(`/${image}`));
      return catalogue?.apps.some(follows) === true ? [alias] : [];
    },
    events: (after, signal) => parts.feed.follow(after, signal),
  };
}

async function tickLine({ lastTick }: ViewParts): Promise<Pick<StatusDocument, 'lastTick'>> {
  if (lastTick === undefined) return {};
  const at = await lastTick();
  return { lastTick: at === undefined ? null : new Date(at).toISOString() };
}

/** Applications of which nothing can be said: each by itself, so that the others are shown. */
function unreadable(rows: readonly Row[]): readonly { readonly id: string; readonly status: AppStatus }[] {
  return rows.flatMap((row) => {
    const why = whyUnreadable(row);
    if (why === undefined) return [];
    const id = row.key.slice(appKey('').length);
    const source = row.newer === undefined ? appSource(row) : undefined;
    if (source?.removed === true) return [];
    const message = `${why.code}: ${why.message}`;
    const next = why.next === undefined ? {} : { next: why.next };
    const target = source?.app.target ?? '';
    const nothing = { revision: source?.revision ?? null, appliedRevision: null, lastRun: null };
    return [
      { id, status: { name: nameOf(id), target, sync: 'Unknown', health: 'Unknown', message, ...nothing, ...next } },
    ];
  });
}

function known(rows: readonly Row[]): readonly Known[] {
  return rows.flatMap((row) => {
    if (whyUnreadable(row) !== undefined) return [];
    const source = appSource(row);
    return source === undefined || source.removed === true ? [] : [{ row, source, state: appState(row) }];
  });
}

function nameOf(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

async function statusOf(
  rows: readonly Row[],
  repository: RepoState,
  ids: readonly string[] | undefined,
): Promise<StatusDocument> {
  const isChosen = (id: string): boolean => ids === undefined || ids.includes(id);
  const chosen = known(rows).filter(({ source }) => isChosen(source.app.id));
  const lost = unreadable(rows).filter(({ id }) => isChosen(id));
  const problems = ids === undefined ? repositoryProblems(repository) : [];
  return {
    schemaVersion: 1,
    apps: [...chosen.map((one) => appStatus(one, repository)), ...lost.map(({ status }) => status)],
    ...(problems.length === 0 ? {} : { problems }),
  };
}

function repositoryProblems(repository: RepoState): readonly string[] {
  const force =
    repository.catalogueRevision === undefined
      ? 'nothing is in force yet'
      : `${repository.catalogueRevision.slice(0, 8)} stays in force`;
  const lines = repository.problems.map((problem) => `${problemText(problem)}; ${force}`);
  // A commit that is refused is in `problems` already; a remote that cannot be read is not.
  const { failure, problems } = repository;
  if (failure === undefined || (failure.source === 'user' && problems.some(({ code }) => code === failure.code)))
    return lines;
  return [`${failure.message}; ${force}`, ...lines];
}

/** An application that newer commits did not touch is at the head all the same: its content there is what was applied. */
function appStatus(one: Known, repository: RepoState): AppStatus {
  const { source, state, row } = one;
  const next = state.killed?.failure.next ?? (state.run === undefined ? state.failed?.failure.next : undefined);
  const untouched = source.held === undefined && repository.catalogueRevision !== undefined;
  const revision = untouched ? repository.catalogueRevision : source.revision;
  const current = state.applied?.inputsKey === source.inputsKey && row.intent.pin === undefined;
  return {
    name: source.app.name,
    target: source.app.target,
    sync: one.state.run === undefined && row.wanted > row.handled && !current ? 'OutOfSync' : syncOf(one),
    health: state.health,
    revision,
    appliedRevision: current ? revision : (state.applied?.revision ?? null),
    message: state.message,
    lastRun: state.lastRun === undefined ? null : runLine(state.lastRun),
    ...(source.target.kind === 'sandbox' ? { sandbox: true } : {}),
    ...(row.intent.suspended === true ? { suspended: true } : {}),
    ...(row.intent.pin === undefined ? {} : { pin: row.intent.pin }),
    ...(next === undefined ? {} : { next }),
    ...(state.waitingFor.length === 0 ? {} : { waitingFor: state.waitingFor }),
    ...(state.run === undefined
      ? {}
      : { run: { id: state.run.id, phase: state.run.phase, startedAt: new Date(state.run.startedAt).toISOString() } }),
  };
}

/** Never "Synced" when Git already wants something else. */
function syncOf({ source, state, row }: Known): AppStatus['sync'] {
  if (state.sync !== 'Synced') return state.sync;
  return restingSync(state, { source, intent: row.intent });
}

function runLine(record: RunRecord): RunLine {
  const { id, trigger, outcome, startedAt, durationMs, cost } = record;
  return { id, trigger, outcome, startedAt: new Date(startedAt).toISOString(), durationMs, cost };
}

async function runView(record: RunRecord, blobs: Blobs): Promise<RunView> {
  const { mode, note, revision, health, message, plan, applied, deleted, failure } = record;
  return {
    ...runLine(record),
    mode,
    revision,
    health,
    message,
    applied,
    deleted,
    ...(note === undefined ? {} : { note }),
    ...(plan === undefined ? {} : { summary: plan.summary }),
    ...(failure === undefined ? {} : { failure }),
    canRollback: completed(record) && record.desired !== undefined && (await blobs.has(record.desired)),
  };
}

function completed(record: RunRecord): boolean {
  return record.outcome === 'succeeded' || record.outcome === 'unhealthy';
}

async function driftOf(
  all: readonly Known[],
  blobs: Blobs,
  ids: readonly string[] | undefined,
): Promise<DriftDocument> {
  const chosen = ids === undefined ? all : all.filter(({ source }) => ids.includes(source.app.id));
  const apps = await Promise.all(
    chosen.map(async ({ source, state }) => {
      const report =
        state.drift === undefined
          ? undefined
          : await readJson<{ readonly items: readonly DriftItem[] }>(blobs, state.drift.report);
      const items = (report?.items ?? []).map((item) => ({
        subject: subjectText(item.subject),
        kind: item.kind,
        owner: item.owner,
        fields: item.fields,
      }));
      const at = state.drift?.at ?? state.lookedAt ?? state.applied?.at;
      return {
        name: source.app.name,
        target: source.app.target,
        checkedAt: at === undefined ? null : new Date(at).toISOString(),
        items,
      };
    }),
  );
  return { schemaVersion: 1, apps };
}

/** Default: the newest completed run whose desired state is not the one applied now. */
async function chooseRollback(parts: ViewParts, id: string, to: string | undefined): Promise<RollbackChoice> {
  const row = await parts.store.read(appKey(id));
  const current = row === undefined ? undefined : appState(row).applied;
  const records = (await parts.store.runs(id, 100)).map((run) => run.record as unknown as RunRecord);
  const fits = async (record: RunRecord): Promise<boolean> =>
    completed(record) && record.desired !== undefined && (await parts.blobs.has(record.desired));
  const hint = `holdfast history ${nameOf(id)}`;
  if (to !== undefined) {
    const record = records.find((one) => one.id === to);
    if (record === undefined) return { kind: 'none', message: `${nameOf(id)} has no run ${to}`, hint };
    if (await fits(record)) return { kind: 'run', run: record.id, revision: record.revision };
    return { kind: 'none', message: `Run ${to} did not apply completely, or what it applied is no longer kept`, hint };
  }
  for (const record of records) {
    if (record.desiredDigest !== current?.desiredDigest && (await fits(record)))
      return { kind: 'run', run: record.id, revision: record.revision };
  }
  return { kind: 'none', message: `${nameOf(id)} has no earlier state to go back to`, hint };
}
