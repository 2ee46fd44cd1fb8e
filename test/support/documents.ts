// The documents of the command line as scripts rely on them: which members are always there, and which may be.
import { expect } from 'vitest';
import type {
  AppStatus,
  DeadLetterDocument,
  DriftDocument,
  HistoryDocument,
  RunLine,
  RunView,
  StatusDocument,
  VerbDocument,
} from '../../lib/web/views.ts';

/** Every member of a document, so that the compiler tells of a new one; `true`: always there. */
type Members<T> = { readonly [K in keyof T]-?: undefined extends T[K] ? false : true };

function hasMembers<T>(document: T, members: Members<T>): void {
  const all = Object.keys(members);
  const always = Object.entries(members).flatMap(([name, there]) => (there === true ? [name] : []));
  const found = Object.keys(document as object);
  expect(
    always.filter((name) => !found.includes(name)),
    'members that are missing',
  ).toEqual([]);
  expect(
    found.filter((name) => !all.includes(name)),
    'members that are too many',
  ).toEqual([]);
}

const runLine: Members<RunLine> = {
  id: true,
  trigger: true,
  outcome: true,
  startedAt: true,
  durationMs: true,
  cost: true,
};

const appStatus: Members<AppStatus> = {
  name: true,
  target: true,
  sync: true,
  health: true,
  revision: true,
  appliedRevision: true,
  message: true,
  lastRun: true,
  sandbox: false,
  suspended: false,
  pin: false,
  next: false,
  waitingFor: false,
  run: false,
};

export function isStatus(document: StatusDocument): void {
  hasMembers(document, { schemaVersion: true, apps: true, problems: false, lastTick: false });
  for (const app of document.apps) {
    hasMembers(app, appStatus);
    if (app.lastRun !== null) hasMembers(app.lastRun, runLine);
  }
}

const runView: Members<RunView> = {
  ...runLine,
  mode: true,
  note: false,
  revision: true,
  health: true,
  message: true,
  summary: false,
  applied: true,
  deleted: true,
  failure: false,
  canRollback: true,
};

export function isHistory(document: HistoryDocument): void {
  hasMembers(document, { schemaVersion: true, app: true, runs: true });
  for (const run of document.runs) hasMembers(run, runView);
}

export function isDrift(document: DriftDocument): void {
  hasMembers(document, { schemaVersion: true, apps: true });
  for (const app of document.apps) {
    hasMembers(app, { name: true, target: true, checkedAt: true, items: true });
    for (const item of app.items) hasMembers(item, { subject: true, kind: true, owner: true, fields: true });
  }
}

export function isDeadLetters(document: DeadLetterDocument): void {
  hasMembers(document, { schemaVersion: true, letters: true });
}

export function isVerb(document: VerbDocument): void {
  hasMembers(document, { schemaVersion: true, app: false, event: false, message: true });
}
