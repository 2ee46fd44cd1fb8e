// The step function at rest: drift, healing, fights, rollback, health that does not come.
import { expect, test } from 'vitest';
import { decide } from '../../../lib/core/reconcile/decide.ts';
import type { Facts } from '../../../lib/core/reconcile/facts.ts';
import { acted, followed, lookedAt, observed, rendered } from '../../../lib/core/reconcile/record.ts';
import { type AppState, newAppState } from '../../../lib/core/reconcile/state.ts';
import { source, facts, healthy, failure, stateOf, runOf, applyAll, drift, look } from '../../support/step.ts';

test('drift is reported once and not healed without selfHeal', () => {
  const good = { ...applyAll(newAppState, facts()), outbox: [] };
  expect(decide(good, facts({ triggers: [{ kind: 'drift', at: 1 }] })).effect).toEqual({ kind: 'look' });
  const state = stateOf(lookedAt(good, facts(), look(drift), 'drift/1'));
  expect(state).toMatchObject({
    sync: 'OutOfSync',
    run: undefined,
    message: 'Drift: Deployment/n/web spec.replicas changed by kubectl-edit',
  });
  expect(state.outbox).toHaveLength(1);
  expect(stateOf(lookedAt(state, facts(), look(drift), 'drift/1')).outbox).toHaveLength(1);
  expect(stateOf(lookedAt(state, facts(), look([]), ''))).toMatchObject({ sync: 'Synced', drift: undefined });
});

test('selfHeal puts a field back three times in an hour, then stops and says who fights', () => {
  const given = facts({ source: source({ selfHeal: true }) });
  let state = applyAll(newAppState, given);
  for (let round = 0; round < 3; round++) {
    state = stateOf(lookedAt(state, given, look(drift), `drift/${round}`));
    expect(state.run).toMatchObject({ mode: 'heal', trigger: 'drift' });
    state = stateOf(
      acted(state, { ...runOf(state), phase: 'act' }, given, {
        status: 'done',
        value: { inventory: { v: 1, entries: [] }, applied: 1, deleted: 0, failures: [] },
      }),
    );
    state = stateOf(followed(state, runOf(state), given, { status: 'done', value: healthy }));
  }
  state = stateOf(lookedAt(state, given, look(drift), 'drift/4'));
  expect(state.run).toBeUndefined();
  expect(state.message).toMatch(/^kubectl-edit keeps changing Deployment\/n\/web spec.replicas/);
  const later = facts({ ...given, now: given.now + 3_600_001 });
  expect(stateOf(lookedAt(state, later, look(drift), 'drift/5')).run).toMatchObject({ mode: 'heal' });
});

test('a sync that overwrites a change by hand reports it first', () => {
  const asked = facts({ intent: { sync: 1 }, newRunId: 'run2' });
  let state = decide({ ...applyAll(newAppState, facts()), outbox: [] }, asked).state;
  state = stateOf(rendered(state, runOf(state), asked, { kind: 'desired', key: 'desired/1', digest: 'd-k1' }));
  state = stateOf(observed(state, runOf(state), asked, look(drift)));
  expect(state.run).toMatchObject({ mode: 'sync', phase: 'prepare' });
  expect(state.outbox.map((event) => event.type)).toEqual(['Holdfast Drift Report']);
});

test('suspend stops heals but not reports', () => {
  const given = facts({ source: source({ selfHeal: true }), intent: { suspended: true } });
  const state = stateOf(lookedAt(applyAll(newAppState, facts()), given, look(drift), 'drift/1'));
  expect(state.run).toBeUndefined();
  expect(state.drift).toMatchObject({ count: 1 });
});

test('a rollback goes to what a run applied, and a push does not end it', () => {
  const good = applyAll(newAppState, facts());
  const pinned = facts({ intent: { pin: 'run0' }, newRunId: 'run2' });
  let state = decide(good, pinned).state;
  expect(state.run).toMatchObject({ mode: 'rollback', note: 'run0', inputsKey: 'pin:run0' });
  state = applyAll(good, pinned);
  expect(state).toMatchObject({ pinned: 'run0', sync: 'Synced' });
  const pushed = facts({ ...pinned, source: source({ inputsKey: 'k2', seq: 2 }), newRunId: 'run3' });
  expect(decide(state, pushed).state.run).toBeUndefined();
  expect(decide(state, facts({ source: source({ seq: 2 }), newRunId: 'run3' })).state.run).toMatchObject({
    mode: 'sync',
  });
});

test('a rollback is at the revision it goes back to, not at the head', () => {
  const pinned = facts({ intent: { pin: 'run0' }, newRunId: 'run2' });
  const begun = decide(applyAll(newAppState, facts()), pinned).state;
  const old = 'c'.repeat(40);
  const state = stateOf(
    rendered(begun, runOf(begun), pinned, { kind: 'desired', key: 'desired/0', digest: 'd0', revision: old }),
  );
  expect(state.run).toMatchObject({ revision: old, phase: 'observe' });
});

test('health that never comes ends the run as unhealthy; what was applied stays applied', () => {
  let state = decide(newAppState, facts()).state;
  state = { ...state, run: { ...runOf(state), phase: 'follow', followingSince: 0 } };
  const recorded = followed(state, runOf(state), facts({ now: 600_001 }), {
    status: 'wait',
    afterMs: 100,
    token: '',
    note: '1 of 3 ready',
  });
  expect(stateOf(recorded)).toMatchObject({
    lastRun: { outcome: 'unhealthy', message: 'Not healthy after 600 s: 1 of 3 ready' },
  });
});

test('a target that cannot be reached makes sync Unknown, never OutOfSync or Missing', () => {
  const good = applyAll(newAppState, facts());
  const state = stateOf(
    lookedAt(
      good,
      facts(),
      { status: 'failed', cause: failure({ source: 'remote', retryable: true, message: 'connection refused' }) },
      '',
    ),
  );
  expect(state).toMatchObject({ sync: 'Unknown', health: 'Unknown', applied: good.applied });
});

test('an application that is gone from the configuration is left alone', () => {
  const good = applyAll(newAppState, facts());
  const { state, effect } = decide(good, facts({ source: source({ removed: true, seq: 2 }) }));
  expect(effect).toEqual({ kind: 'rest' });
  expect(state.message).toMatch(/left as they are/);
});

const healing = facts({ source: source({ selfHeal: true }) });
const startedHeal = (given: Facts): AppState => {
  const applied = applyAll(newAppState, facts());
  const pin = given.intent.pin;
  return stateOf(lookedAt(pin === undefined ? applied : { ...applied, pinned: pin }, given, look(drift), 'drift/1'));
};

test('drift is healed at a pinned state too', () => {
  const pinned = facts({ ...healing, intent: { pin: 'run0' } });
  const state = startedHeal(pinned);
  expect(state.run).toMatchObject({ mode: 'heal' });
  expect(decide(state, pinned).effect).toEqual({ kind: 'observe' });
  expect(decide(state, facts({ ...pinned, intent: { pin: 'run7' } })).effect).toMatchObject({
    kind: 'settle',
    record: { outcome: 'superseded' },
  });
});

test('a new push ends the wait of a heal for health, and nothing before it', () => {
  const state = startedHeal(healing);
  const pushed = facts({ source: source({ selfHeal: true, inputsKey: 'k2', seq: 2 }) });
  expect(decide(state, pushed).effect).toEqual({ kind: 'observe' });
  const following: AppState = { ...state, run: { ...runOf(state), phase: 'follow' } };
  expect(decide(following, pushed).effect).toMatchObject({ kind: 'settle', record: { outcome: 'superseded' } });
});

test('another rollback takes the place of one that is under way', () => {
  const good = applyAll(newAppState, facts());
  const first = decide(good, facts({ intent: { pin: 'run0' }, newRunId: 'run2' })).state;
  expect(decide(first, facts({ intent: { pin: 'run9' } })).effect).toMatchObject({
    kind: 'settle',
    record: { outcome: 'superseded', message: 'Another rollback is wanted' },
  });
});

test('a look that waits goes on with its token, whatever rang', () => {
  const good = applyAll(newAppState, facts());
  const waiting = lookedAt(good, facts(), { status: 'wait', afterMs: 2_000, token: 'detection' }, '');
  expect(waiting).toMatchObject({ kind: 'wait', due: 1_002_000, state: { lookToken: 'detection', sync: 'Synced' } });
  const later = facts({ now: 1_002_000, triggers: [] });
  expect(decide(stateOf(waiting), later).effect).toEqual({ kind: 'look' });
  expect(stateOf(lookedAt(stateOf(waiting), later, look([]), '')).lookToken).toBeUndefined();
});

test('a run that was overtaken after a worker died in the middle of it is half done', () => {
  const good = applyAll(newAppState, facts());
  const next = facts({ source: source({ inputsKey: 'k2', seq: 2 }), newRunId: 'run2' });
  const begun = decide(good, next).state;
  const interrupted: AppState = { ...begun, run: { ...runOf(begun), phase: 'observe', partial: true } };
  const { state } = decide(interrupted, facts({ source: source({ seq: 3 }) }));
  expect(state).toMatchObject({ lastRun: { outcome: 'superseded' }, failed: { partial: true } });
  const back = decide(state, facts({ source: source({ seq: 3 }), newRunId: 'run3' }));
  expect(back.state.run, 'what is applied is not what is there').toMatchObject({ id: 'run3', inputsKey: 'k1' });
});

test('half done stays half done when the next revision is refused', () => {
  const good = applyAll(newAppState, facts());
  const half: AppState = {
    ...good,
    failed: { inputsKey: 'k2', seq: 2, failure: failure(), outcome: 'failed', attempts: 1, partial: true },
  };
  const third = facts({ source: source({ inputsKey: 'k3', seq: 3 }), newRunId: 'run3' });
  const begun = decide(half, third).state;
  const state = stateOf(rendered(begun, runOf(begun), third, { kind: 'refused', problems: [] }));
  expect(state.failed).toMatchObject({ inputsKey: 'k3', partial: true });
});

test('an application that waits for another, or cannot be seen, is looked at again without a doorbell', () => {
  const waiting = decide(newAppState, facts({ waitingFor: ['network'] }));
  expect(waiting.effect).toEqual({ kind: 'rest', due: 1_060_000 });
  const unseen: AppState = { ...applyAll(newAppState, facts()), sync: 'Unknown', health: 'Unknown' };
  expect(decide(unseen, facts({ looked: true })).effect).toEqual({ kind: 'rest', due: 1_060_000 });
});

test('an applied application whose entry is held is not in sync', () => {
  const good = applyAll(newAppState, facts());
  const held = facts({ source: source({ seq: 2, held: failure({ message: 'no such path' }) }) });
  expect(decide(good, held).state).toMatchObject({ sync: 'OutOfSync', message: 'no such path', health: 'Healthy' });
});

test('when nothing stands in the way any more and nothing changed, a look says how things are', () => {
  const good = applyAll(newAppState, facts());
  const suspended = decide(good, facts({ source: source({ seq: 2, inputsKey: 'k2' }), intent: { suspended: true } }));
  expect(suspended.state.sync).toBe('OutOfSync');
  const back = decide(suspended.state, facts({ source: source({ seq: 3 }), intent: { suspended: true } }));
  expect(back.effect).toEqual({ kind: 'look' });
  expect(stateOf(lookedAt(back.state, facts(), look([]), ''))).toMatchObject({ sync: 'Synced' });
});
