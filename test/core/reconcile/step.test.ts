// The step function: what happens next, for every reason there is to look at an application.
import { expect, test } from 'vitest';
import { decide } from '../../../lib/core/reconcile/decide.ts';
import type { Effect, Facts } from '../../../lib/core/reconcile/facts.ts';
import { acted, prepared, rendered } from '../../../lib/core/reconcile/record.ts';
import { type AppState, newAppState } from '../../../lib/core/reconcile/state.ts';
import { source, facts, plan, failure, stateOf, runOf, applyAll } from '../../support/step.ts';

test('a first push starts a run that renders', () => {
  const { state, effect } = decide(newAppState, facts());
  expect(effect).toEqual({ kind: 'render' });
  expect(state.run).toMatchObject({ id: 'run1', mode: 'sync', trigger: 'push', inputsKey: 'k1' });
});

test('a run that went through is applied, Synced, Healthy and in history', () => {
  const state = applyAll(newAppState, facts());
  expect(state).toMatchObject({
    sync: 'Synced',
    health: 'Healthy',
    applied: { inputsKey: 'k1', runId: 'run1' },
    lastRun: { outcome: 'succeeded' },
  });
  expect(state.outbox.map((event) => event.type)).toEqual(['Holdfast Run Outcome']);
});

test('at rest with nothing new there is nothing to do', () => {
  const state = applyAll(newAppState, facts());
  expect(decide(state, facts({ triggers: [] })).effect).toEqual({ kind: 'rest' });
});

const blocked: readonly [name: string, patch: Partial<Facts>, message: RegExp][] = [
  ['suspended', { intent: { suspended: true } }, /Suspended/],
  ['a dependency that is not ready', { waitingFor: ['network'] }, /Waits for network/],
  ['automatic sync off', { source: source({ auto: false }) }, /holdfast sync web/],
  ['an entry that is held', { source: source({ held: failure({ message: 'unknown target' }) }) }, /unknown target/],
];

test.each(blocked)('no run starts with %s, and the state says so', (_name, patch, message) => {
  const { state, effect } = decide(newAppState, facts(patch));
  expect(effect.kind).toBe('rest');
  expect(state.run).toBeUndefined();
  expect(state).toMatchObject({ sync: 'OutOfSync', message: expect.stringMatching(message) as string });
});

test('inputs that were refused are not tried again until they change, or a person asks', () => {
  let state = decide(newAppState, facts()).state;
  state = stateOf(
    rendered(state, runOf(state), facts(), {
      kind: 'refused',
      problems: [{ file: 'web/a.yaml', line: 3, column: 5, code: 'YamlSyntax', message: 'bad' }],
    }),
  );
  expect(state).toMatchObject({
    sync: 'OutOfSync',
    message: 'web/a.yaml:3:5 YamlSyntax bad',
    lastRun: { outcome: 'refused' },
  });
  expect(decide(state, facts()).effect.kind).toBe('rest');
  expect(decide(state, facts({ intent: { sync: 1 } })).effect.kind).toBe('render');
  expect(decide(state, facts({ source: source({ inputsKey: 'k2', seq: 2 }) })).effect.kind).toBe('render');
});

test('a bad revision keeps what was applied', () => {
  const good = applyAll(newAppState, facts());
  const next = facts({ source: source({ inputsKey: 'k2', seq: 2 }), newRunId: 'run2' });
  let state = decide(good, next).state;
  state = stateOf(rendered(state, runOf(state), next, { kind: 'refused', problems: [] }));
  expect(state.applied).toEqual(good.applied);
});

test('back at what is applied after a refusal nothing is written, only looked at', () => {
  const good = applyAll(newAppState, facts());
  const bad = facts({ source: source({ inputsKey: 'k2', seq: 2 }), newRunId: 'run2' });
  let state = decide(good, bad).state;
  state = stateOf(rendered(state, runOf(state), bad, { kind: 'refused', problems: [] }));
  const decision = decide(state, facts({ source: source({ seq: 3 }), newRunId: 'run3' }));
  expect(decision.effect).toEqual({ kind: 'look' });
  expect(decision.state).toMatchObject({ run: undefined, failed: undefined });
});

test('back at what is applied after a half-done try is applied again', () => {
  const good = applyAll(newAppState, facts());
  const bad = facts({ source: source({ inputsKey: 'k2', seq: 2 }), newRunId: 'run2' });
  let state = decide(good, bad).state;
  state = { ...state, run: { ...runOf(state), phase: 'act' } };
  state = stateOf(
    acted(state, runOf(state), bad, {
      status: 'done',
      value: { inventory: { v: 1, entries: [] }, applied: 2, deleted: 0, failures: [failure()] },
    }),
  );
  expect(state.failed).toMatchObject({ partial: true });
  expect(decide(state, facts({ source: source({ seq: 3 }), newRunId: 'run3' })).state.run).toMatchObject({
    id: 'run3',
    inputsKey: 'k1',
  });
});

test('a failure that retrying helps is tried again, later each time', () => {
  let state = decide(newAppState, facts()).state;
  state = stateOf(
    rendered(state, runOf(state), facts(), { kind: 'failed', failure: failure({ source: 'remote', retryable: true }) }),
  );
  const first = decide(state, facts({ triggers: [] })).effect as Extract<Effect, { kind: 'rest' }>;
  expect(first).toEqual({ kind: 'rest', due: 1_000_000 + 3_750 });
  const later = facts({ now: 1_003_750, newRunId: 'run2' });
  state = decide(state, later).state;
  expect(state.run).toMatchObject({ trigger: 'retry' });
  state = stateOf(
    rendered(state, runOf(state), later, { kind: 'failed', failure: failure({ source: 'remote', retryable: true }) }),
  );
  expect(state.failed).toMatchObject({ attempts: 2, retryAt: 1_003_750 + 7_500 });
});

test('what a person mends outside of Git is tried again, too: soon at first, at last every half hour', () => {
  let state = decide(newAppState, facts()).state;
  const refused = {
    kind: 'failed',
    failure: failure({ source: 'user', code: 'RoleRefused', retryable: false }),
  } as const;
  let now = 1_000_000;
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 12; attempt += 1) {
    state = stateOf(rendered(state, runOf(state), facts({ now }), refused));
    const at = state.failed?.retryAt ?? 0;
    waits.push(at - now);
    now = at;
    state = decide(state, facts({ now, newRunId: `run${attempt}`, triggers: [] })).state;
  }
  expect(waits.slice(0, 2)).toEqual([3_750, 7_500]);
  expect(waits.slice(-2)).toEqual([1_350_000, 1_350_000]);
});

test('a new push ends a wait for health at once', () => {
  const before = decide(newAppState, facts()).state;
  const following: AppState = { ...before, run: { ...runOf(before), phase: 'follow' } };
  const { state, effect } = decide(
    following,
    facts({ source: source({ inputsKey: 'k2', seq: 2, revision: 'b'.repeat(40) }) }),
  );
  expect(effect).toMatchObject({ kind: 'settle', record: { outcome: 'superseded', message: 'Overtaken by bbbbbbbb' } });
  expect(state.run).toBeUndefined();
});

test('a target that is carrying out a run is not interrupted by a push', () => {
  const before = decide(newAppState, facts()).state;
  const acting: AppState = { ...before, run: { ...runOf(before), phase: 'act', token: 't' } };
  expect(decide(acting, facts({ source: source({ inputsKey: 'k2', seq: 2 }) })).effect).toEqual({ kind: 'act' });
});

test('a hold stops before any write and is not retried by itself', () => {
  let state = decide(newAppState, facts()).state;
  state = stateOf(
    prepared({ ...state, run: { ...runOf(state), phase: 'prepare' } }, runOf(state), facts(), {
      status: 'done',
      value: { plan, holds: [failure({ message: 'too many deletes' })] },
    }),
  );
  expect(state).toMatchObject({ lastRun: { outcome: 'held' }, message: 'too many deletes', sync: 'OutOfSync' });
  expect(decide(state, facts()).effect.kind).toBe('rest');
});
