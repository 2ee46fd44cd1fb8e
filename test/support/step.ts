// Sources, facts and shortcuts for tests of the step function.
import { defaultPrune } from './builders.ts';
import { decide } from '../../lib/core/reconcile/decide.ts';
import type { Facts } from '../../lib/core/reconcile/facts.ts';
import { acted, followed, observed, prepared, type Recorded, rendered } from '../../lib/core/reconcile/record.ts';
import { type AppSource, type AppState, type RunState } from '../../lib/core/reconcile/state.ts';
import type { Failure } from '../../lib/core/errors.ts';
import type { Plan } from '../../lib/core/plan/model.ts';
import type { DriftItem, HealthReport } from '../../lib/core/plan/target.ts';

export const source = (patch: Partial<AppSource> & { selfHeal?: boolean; auto?: boolean } = {}): AppSource => ({
  seq: 1,
  revision: 'a'.repeat(40),
  inputsKey: 'k1',
  bundle: 'bundle/1',
  roots: {},
  renderer: 'plain',
  problems: [],
  target: { kind: 'sandbox', name: 'demo' },
  app: {
    id: 'root/web',
    name: 'web',
    alias: 'root',
    path: 'web',
    target: 'demo',
    exclude: [],
    recurse: true,
    helm: { valuesFiles: [], values: {} },
    dependsOn: [],
    sync: { auto: patch.auto ?? true, selfHeal: patch.selfHeal ?? false },
    prune: defaultPrune,
    drift: { everyMs: 900_000 },
    conflicts: 'fail',
    adoptFrom: [],
    images: [],
    position: { file: 'holdfast.yaml', line: 1, column: 1 },
  },
  ...patch,
});

export const facts = (patch: Partial<Facts> = {}): Facts => ({
  now: 1_000_000,
  source: source(),
  intent: {},
  triggers: [{ kind: 'push', at: 1_000_000 }],
  waitingFor: [],
  newRunId: 'run1',
  jitter: 0.5,
  followLimitMs: 600_000,
  looked: false,
  waitForHealth: true,
  ...patch,
});

export const healthy: HealthReport = { health: 'Healthy', message: 'all well', objects: [] };
export const plan: Plan = {
  app: 'root/web',
  target: 'demo',
  revision: 'a',
  digest: 'd',
  changes: [],
  unchanged: 0,
  skipped: [],
  warnings: [],
};
export const failure = (patch: Partial<Failure> = {}): Failure => ({
  code: 'X',
  source: 'user',
  message: 'no',
  retryable: false,
  ...patch,
});

export const stateOf = (recorded: Recorded): AppState =>
  recorded.kind === 'end' ? recorded.decision.state : recorded.state;
export const runOf = (state: AppState): RunState => {
  if (state.run === undefined) throw new Error('no run');
  return state.run;
};

/** Carries a run through all phases as a target that does everything would. */
export function applyAll(start: AppState, given: Facts): AppState {
  let state = decide(start, given).state;
  state = stateOf(
    rendered(state, runOf(state), given, { kind: 'desired', key: 'desired/1', digest: `d-${given.source?.inputsKey}` }),
  );
  state = stateOf(
    observed(state, runOf(state), given, {
      status: 'done',
      value: { inSync: false, health: healthy, drift: [], compared: 0 },
    }),
  );
  state = stateOf(prepared(state, runOf(state), given, { status: 'done', value: { plan, holds: [] } }));
  state = stateOf(
    acted(state, runOf(state), given, {
      status: 'done',
      value: { inventory: { v: 1, entries: [] }, applied: 1, deleted: 0, failures: [] },
    }),
  );
  return stateOf(followed(state, runOf(state), given, { status: 'done', value: healthy }));
}

export const drift: DriftItem[] = [
  {
    subject: { kind: 'object', id: { group: 'apps', kind: 'Deployment', namespace: 'n', name: 'web' } },
    kind: 'modified',
    owner: 'kubectl-edit',
    fields: [{ path: 'spec.replicas', before: 2, after: 5 }],
  },
];
export const look = (items: readonly DriftItem[]) => ({
  status: 'done' as const,
  value: { inSync: items.length === 0, health: healthy, drift: items, compared: 1 },
});
