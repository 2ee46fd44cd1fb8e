// A cluster in memory and the target port on it, for simulations of the engine.
//
// Behaviour: an object is a ConfigMap with one value and an owner (the application that wrote it last). `observe` compares every
// wanted object with the live value and the inventory. `prepare` plans creates, updates and deletes, and holds more deletes than
// the policy's budget. `act` saves old ∪ new before its first write, asks the guard before each write, writes in plan order, and
// shrinks the inventory at the end; with `slow` its first call only begins an operation and answers `wait`, the second one
// finishes it. `follow` answers `wait` as often as `patience` says and then Healthy. Every call can be made to fail or to throw
// by `fault`, which is asked first, with what is about to happen.
import { writeTimeoutMs } from '../../lib/adapters/kube/acting.ts';
import type { Application } from '../../lib/core/config/model.ts';
import type { Failure } from '../../lib/core/errors.ts';
import { emptyPlan } from '../../lib/core/plan/digest.ts';
import type { Change } from '../../lib/core/plan/model.ts';
import type {
  HealthReport,
  Inventory,
  InventoryEntry,
  Observation,
  ObserveRequest,
  Prepared,
  Step,
  Target,
  TargetContext,
} from '../../lib/core/plan/target.ts';

export interface LiveObject {
  readonly value: string;
  readonly app: string;
  readonly uid: string;
}

export interface Write {
  readonly kind: 'apply' | 'delete';
  readonly name: string;
  readonly app: string;
  readonly run: string;
  readonly worker: string;
  readonly value?: string;
}

export type Moment = 'observe' | 'prepare' | 'act' | 'apply' | 'delete' | 'follow';

/** Asked before each step; a failure is answered as the step's failure, what is thrown goes through. */
export type Fault = (moment: Moment, app: string, worker: string) => Promise<Failure | undefined>;

export interface FakeCluster {
  readonly objects: Map<string, LiveObject>;
  readonly writes: Write[];
  fault: Fault;
  /** Seen at each write, before it is done. */
  onWrite: (write: Write) => Promise<void>;
  /** Whether this act should take two calls. */
  slow: () => boolean;
  /** Whether health should be waited for once more. */
  patience: () => boolean;
  uids: number;
}

export function fakeCluster(): FakeCluster {
  return {
    objects: new Map(),
    writes: [],
    fault: async () => undefined,
    onWrite: async () => undefined,
    slow: () => false,
    patience: () => false,
    uids: 0,
  };
}

/** A person changes an object. */
export function editByHand(cluster: FakeCluster, name: string, value: string | undefined): boolean {
  const live = cluster.objects.get(name);
  if (live === undefined) return false;
  if (value === undefined) cluster.objects.delete(name);
  else cluster.objects.set(name, { ...live, value });
  return true;
}

interface Execution {
  readonly apply: readonly { readonly name: string; readonly value: string }[];
  readonly remove: readonly string[];
}

const tooLate: Failure = {
  code: 'ClusterTimeout',
  source: 'remote',
  message: 'the write took too long',
  retryable: true,
};
const healthy: HealthReport = { health: 'Healthy', message: 'all well', objects: [] };
const nameOf = (entry: InventoryEntry): string => ('stack' in entry.id ? entry.id.stack : entry.id.name);
const idOf = (name: string) => ({ group: '', kind: 'ConfigMap', namespace: 'default', name });

async function wantedOf(request: ObserveRequest): Promise<ReadonlyMap<string, string>> {
  const desired = await request.desired();
  if (desired.kind !== 'kubernetes') return new Map();
  return new Map(
    desired.objects.map(({ object }) => [
      object.metadata.name ?? '',
      JSON.stringify((object as { data?: object }).data ?? {}),
    ]),
  );
}

/** The port, as one worker holds it. */
export function fakeTarget(cluster: FakeCluster, worker: string, monotonic: () => number = () => 0): Target {
  return new FakeTarget(cluster, worker, monotonic);
}

class FakeTarget implements Target {
  readonly kind = 'kubernetes';
  readonly #cluster: FakeCluster;
  readonly #worker: string;
  readonly #monotonic: () => number;

  constructor(cluster: FakeCluster, worker: string, monotonic: () => number) {
    this.#monotonic = monotonic;
    this.#cluster = cluster;
    this.#worker = worker;
  }

  async observe(requests: readonly ObserveRequest[]): Promise<Step<readonly Observation[]>> {
    const observations: Observation[] = [];
    for (const request of requests) {
      const cause = await this.#fault('observe', request.app);
      if (cause !== undefined) return { status: 'failed', cause };
      observations.push(await this.#observation(request));
    }
    return { status: 'done', value: observations };
  }

  async #observation(request: ObserveRequest): Promise<Observation> {
    const wanted = await wantedOf(request);
    const entries = new Map(request.inventory.entries.map((entry) => [nameOf(entry), entry]));
    const different = [...wanted].filter(([name, value]) => {
      const live = this.#cluster.objects.get(name);
      return live?.value !== value || live.app !== request.app.id || entries.get(name)?.digest !== value;
    });
    const stale = [...entries.keys()].filter((name) => !wanted.has(name));
    const atRest = request.appliedDigest === request.desiredDigest;
    return {
      app: request.app.id,
      inSync: different.length === 0 && stale.length === 0,
      health: healthy,
      drift: atRest
        ? different.map(([name]) => ({
            subject: { kind: 'object', id: idOf(name) },
            kind: this.#cluster.objects.has(name) ? 'modified' : 'missing',
            owner: 'somebody',
            fields: [{ path: 'data.value' }],
          }))
        : [],
      compared: wanted.size,
      live: undefined,
    };
  }

  async prepare(request: ObserveRequest, _seen: Observation, context: TargetContext): Promise<Step<Prepared>> {
    const cause = await this.#fault('prepare', request.app);
    if (cause !== undefined) return { status: 'failed', cause };
    const wanted = await wantedOf(request);
    const { entries } = request.inventory;
    const remove = entries.map(nameOf).filter((name) => !wanted.has(name) && this.#owns(name, request.app));
    const execution: Execution = { apply: [...wanted].map(([name, value]) => ({ name, value })), remove };
    const { budget } = request.app.prune;
    const most = Math.max(budget.atLeast, (entries.length * budget.percent) / 100);
    const held = remove.length > most && request.prune?.confirmed !== true;
    const plan = emptyPlan(request.app, request.revision, 0, context.hash);
    const changes: Change[] = [...execution.apply.map(({ name }) => name), ...remove].map((name) => ({
      id: name,
      action: remove.includes(name) ? 'delete' : 'update',
      subject: { kind: 'object', id: idOf(name) },
      risk: 'low',
      fields: [],
    }));
    const budgetFailure: Failure = {
      code: 'PruneBudget',
      source: 'user',
      message: 'too many deletes',
      retryable: false,
    };
    return { status: 'done', value: { plan: { ...plan, changes }, execution, holds: held ? [budgetFailure] : [] } };
  }

  #owns(name: string, app: Application): boolean {
    const live = this.#cluster.objects.get(name);
    return live === undefined || live.app === app.id;
  }

  async act(
    request: ObserveRequest,
    prepared: Prepared,
    context: TargetContext,
    token?: string,
  ): Promise<ReturnType<Target['act']> extends Promise<infer T> ? T : never> {
    const cause = await this.#fault('act', request.app);
    if (cause !== undefined) return { status: 'failed', cause };
    const execution = prepared.execution as Execution;
    const entries = new Map(request.inventory.entries.map((entry) => [nameOf(entry), entry]));
    for (const { name } of execution.apply) {
      const { digest: _old, ...entry } = entries.get(name) ?? { id: idOf(name), origin: 'created' as const };
      entries.set(name, entry);
    }
    const inventory = (): Inventory => ({ v: 1, entries: [...entries.values()] });
    context.guard();
    await context.saveInventory(inventory());
    if (token === undefined && this.#cluster.slow()) return { status: 'wait', afterMs: 2_000, token: 'operation' };
    const failures: Failure[] = [];
    let applied = 0;
    for (const { name, value } of execution.apply) {
      const failure = await this.#fault('apply', request.app);
      if (failure !== undefined) {
        failures.push(failure);
        break;
      }
      const late = await this.#write(
        { kind: 'apply', name, value, app: request.app.id, run: context.runId, worker: this.#worker },
        context,
      );
      if (late !== undefined) {
        failures.push(late);
        break;
      }
      entries.set(name, { id: idOf(name), origin: 'created', digest: value });
      applied += 1;
    }
    let deleted = 0;
    for (const name of failures.length > 0 ? [] : execution.remove) {
      const failure = await this.#fault('delete', request.app);
      if (failure !== undefined) {
        failures.push(failure);
        break;
      }
      const late = await this.#write(
        { kind: 'delete', name, app: request.app.id, run: context.runId, worker: this.#worker },
        context,
      );
      if (late !== undefined) {
        failures.push(late);
        break;
      }
      entries.delete(name);
      deleted += 1;
    }
    const gone = request.inventory.entries.map(nameOf).filter((name) => !this.#cluster.objects.has(name));
    if (failures.length === 0)
      for (const name of gone) if (!execution.apply.some((one) => one.name === name)) entries.delete(name);
    return { status: 'done', value: { inventory: inventory(), applied, deleted, failures } };
  }

  /** As the real one: a write whose time is over is not sent any more, however long its worker stood still before. */
  async #write(write: Write, context: TargetContext): Promise<Failure | undefined> {
    context.guard();
    const deadline = this.#monotonic() + writeTimeoutMs;
    await this.#cluster.onWrite(write);
    if (this.#monotonic() >= deadline) return tooLate;
    this.#cluster.writes.push(write);
    const { objects } = this.#cluster;
    if (write.kind === 'delete') objects.delete(write.name);
    else {
      const uid = objects.get(write.name)?.uid ?? `uid-${(this.#cluster.uids += 1)}`;
      objects.set(write.name, { value: write.value ?? '', app: write.app, uid });
    }
    return undefined;
  }

  async follow(request: ObserveRequest): Promise<Step<HealthReport>> {
    const cause = await this.#fault('follow', request.app);
    if (cause !== undefined) return { status: 'failed', cause };
    if (this.#cluster.patience()) return { status: 'wait', afterMs: 1_000, token: 'rollout', note: 'rolling out' };
    return { status: 'done', value: healthy };
  }

  async #fault(moment: Moment, app: Application): Promise<Failure | undefined> {
    return await this.#cluster.fault(moment, app.id, this.#worker);
  }

  async discard(): Promise<void> {}

  requests(): Record<string, number> {
    return {};
  }

  async close(): Promise<void> {}
}
