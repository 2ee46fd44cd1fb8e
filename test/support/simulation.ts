// The engine on memory adapters: commits, doorbells, several workers that crash, freeze and fail; time moves only when told.
import { memoryBlobs } from '../../lib/adapters/blob/memory.ts';
import { memoryQueue } from '../../lib/adapters/queue/memory.ts';
import { plainRenderer } from '../../lib/adapters/render/plain.ts';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { HoldfastError } from '../../lib/core/errors.ts';
import type { AppState, RunRecord } from '../../lib/core/reconcile/state.ts';
import type { Blobs, RowKey, Store } from '../../lib/core/reconcile/store.ts';
import type { RendererKind, Renderer } from '../../lib/core/render/model.ts';
import { defaultGitLimits } from '../../lib/core/source/git.ts';
import { dependentsOf } from '../../lib/runtime/dependents.ts';
import type { Home, RunnerEvent } from '../../lib/runtime/home.ts';
import { appKey, appSource, appState, readInventory, repoKey, repoState } from '../../lib/runtime/rows.ts';
import { workOn } from '../../lib/runtime/work.ts';
import { fakeClock, type FakeClock } from './fake-clock.ts';
import { fakeCluster, type FakeCluster, fakeTarget } from './fake-target.ts';
import { memoryReader } from './memory-tree.ts';
import { seededRandom } from './random.ts';
import { sha256 } from './render-tree.ts';

/** Objects (name -> value) of one application; `broken`: a file that cannot be read. */
export interface AppContent {
  readonly objects: Readonly<Record<string, string>>;
  readonly broken?: boolean;
  readonly movedFrom?: string;
}

export interface Content {
  readonly apps: Readonly<Record<string, AppContent>>;
  /** A config that is refused. */
  readonly broken?: boolean;
}

/** Thrown out of everything that a crashed worker still calls. Not one of ours, so that nothing treats it as an answer. */
export class Crash extends Error {}

export interface Worker {
  readonly name: string;
  readonly home: Home;
  /** Store and blob writes until it dies; undefined = it does not. */
  dieAfter: number | undefined;
  /** Dies after the write instead of before it. */
  late: boolean;
  dead: boolean;
}

export class Simulation {
  readonly clock: FakeClock = fakeClock();
  readonly cluster: FakeCluster = fakeCluster();
  readonly events: (RunnerEvent & { readonly worker: string })[] = [];
  readonly #dead = new Set<string>();
  readonly store: Store = memoryStore({ clock: this.clock, alive: (holder) => !this.#dead.has(holder) });
  readonly blobs: Blobs = memoryBlobs();
  readonly workers: Worker[] = [];
  readonly random: () => number;
  readonly #commits: Content[] = [];
  #ids = 0;
  gitFails = false;
  /** Awaited before each blob is written: where a process may stand still for a while. */
  beforePut: () => Promise<void> = async () => undefined;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  get head(): string {
    return revisionOf(this.#commits.length - 1);
  }

  content(revision: string): Content | undefined {
    return this.#commits[Number.parseInt(revision.slice(0, 8), 16)];
  }

  push(content: Content): void {
    this.#commits.push(content);
  }

  get latest(): Content {
    return this.#commits.at(-1) ?? { apps: {} };
  }

  /** A process of its own: its holder, its connections, its death. */
  addWorker(): Worker {
    const name = `w${this.workers.length}`;
    const worker: { -readonly [K in keyof Worker]: Worker[K] } & { home: Home } = {
      name,
      dieAfter: undefined,
      late: false,
      dead: false,
      home: undefined as unknown as Home,
    };
    worker.home = this.#home(worker);
    this.workers.push(worker);
    return worker;
  }

  #home(worker: Worker): Home {
    const alive = (): void => {
      if (worker.dead) throw new Crash(worker.name);
    };
    const write = async <T>(work: () => Promise<T>): Promise<T> => {
      alive();
      const dies = worker.dieAfter !== undefined && (worker.dieAfter -= 1) < 0;
      if (dies && !worker.late) this.#kill(worker);
      alive();
      const result = await work();
      if (dies) this.#kill(worker);
      alive();
      return result;
    };
    const read = async <T>(work: () => Promise<T>): Promise<T> => {
      alive();
      // Other workers go on meanwhile.
      for (let i = Math.floor(this.random() * 3); i > 0; i -= 1) await Promise.resolve();
      return await work();
    };
    const { store, blobs } = this;
    const target = fakeTarget(this.cluster, worker.name, () => this.clock.monotonic());
    const queue = memoryQueue({ clock: this.clock });
    const renderer = plainRenderer();
    const renderers = Object.fromEntries(
      (['plain', 'kustomize', 'helm', 'template'] as const).map((kind) => [kind, renderer]),
    ) as Record<RendererKind, Renderer>;
    const home: Home = {
      installation: 'local',
      holder: worker.name,
      store: {
        ...store,
        read: (key) => read(() => store.read(key)),
        list: (prefix) => read(() => store.list(prefix)),
        hint: (key, trigger) => write(() => store.hint(key, trigger)),
        assign: (key, source, trigger) => write(() => store.assign(key, source, trigger)),
        intend: (key, intent, trigger) => write(() => store.intend(key, intent, trigger)),
        take: (key, holder, ttl) => write(() => store.take(key, holder, ttl)),
        save: (key, lease, state) => write(() => store.save(key, lease, state)),
        release: (key, lease, release) => write(() => store.release(key, lease, release)),
        putRun: (run) => write(() => store.putRun(run)),
      },
      blobs: {
        ...blobs,
        get: (key) => read(() => blobs.get(key)),
        put: async (key, bytes) => {
          await this.beforePut();
          await write(() => blobs.put(key, bytes));
        },
        delete: (key) => write(() => blobs.delete(key)),
      },
      queue,
      hash: sha256,
      hmac: sha256,
      root: {
        alias: 'root',
        url: 'memory:',
        branch: 'main',
        source: {
          head: async () => {
            alive();
            if (this.gitFails)
              throw new HoldfastError({ code: 'GitUnreachable', source: 'remote', message: 'no Git', retryable: true });
            return this.head;
          },
          missing: async () =>
            new HoldfastError({ code: 'GitEmpty', source: 'user', message: 'empty', retryable: true }),
          open: async (revision) => memoryReader(filesOf(this.content(revision) ?? { apps: {} }), revision),
          bytesReceived: () => 0,
        },
      },
      gitLimits: defaultGitLimits,
      renderers,
      targets: { get: async () => target, close: async () => undefined },
      registry: { tags: async () => [] },
      notifier: { send: async () => undefined },
      emit: (event) => {
        if (!worker.dead) this.events.push({ ...event, worker: worker.name });
      },
      dependents: dependentsOf({ store, blobs }),
      now: () => this.clock.now(),
      monotonic: () => this.clock.monotonic(),
      random: this.random,
      newId: () => `id${String((this.#ids += 1)).padStart(6, '0')}`,
      settings: { followLimitMs: 600_000, sliceMs: 90_000, imageQuietMs: 0, pollMs: 60_000 },
    };
    return home;
  }

  #kill(worker: Worker): void {
    worker.dead = true;
    this.#dead.add(worker.name);
  }

  /** One wake of a row by a worker, to its end or to the worker's. */
  async wake(worker: Worker, key: RowKey): Promise<void> {
    try {
      await workOn(worker.home, key, new AbortController().signal);
    } catch (error) {
      if (worker.dead) return;
      if (error instanceof HoldfastError && error.code === 'LeaseLost') return;
      throw error;
    }
  }

  /** A live worker that does not die by itself. */
  reliable(): Worker {
    const worker = this.workers.find((one) => !one.dead && one.dieAfter === undefined);
    return worker ?? this.addWorker();
  }

  async due(): Promise<readonly RowKey[]> {
    return await this.store.due(this.clock.now(), 100);
  }

  /** Works until no row asks for anything within `idleMs`; fails when that takes too many wakes. */
  async drain(idleMs: number, mostWakes = 200): Promise<number> {
    const worker = this.reliable();
    let wakes = 0;
    const end = this.clock.now() + idleMs;
    for (;;) {
      const keys = await this.due();
      for (const key of keys) {
        await this.wake(worker, key);
        if ((wakes += 1) > mostWakes) throw new Error(`still not at rest after ${mostWakes} wakes: ${keys.join(' ')}`);
      }
      if (keys.length > 0) continue;
      const next = await this.nextDue();
      if (next === undefined || next > end) return wakes;
      this.clock.advance(Math.max(1, next - this.clock.now()));
    }
  }

  /** The next moment at which a row may ask for something: its `due`, or the end of a dead lease. */
  async nextDue(): Promise<number | undefined> {
    const rows = [
      ...(await this.store.list('app/')),
      ...(await this.store.list('repo/')),
      ...(await this.store.list('target/')),
    ];
    const times = rows.flatMap((row) => {
      const wants = row.wanted > row.handled ? [this.clock.now()] : row.due === undefined ? [] : [row.due];
      return row.lease === undefined ? wants : wants.map((time) => Math.max(time, row.lease?.until ?? 0));
    });
    return times.length === 0 ? undefined : Math.min(...times);
  }

  async state(app: string): Promise<AppState | undefined> {
    const row = await this.store.read(appKey(`root/${app}`));
    return row === undefined ? undefined : appState(row);
  }

  async applications(): Promise<readonly string[]> {
    return (await this.store.list('app/')).flatMap((row) => appSource(row)?.app.name ?? []);
  }

  async inventory(app: string): Promise<ReadonlySet<string>> {
    const inventory = await readInventory(this.blobs, (await this.state(app))?.inventory);
    return new Set(inventory.entries.map((entry) => ('stack' in entry.id ? entry.id.stack : entry.id.name)));
  }

  async runs(app: string): Promise<readonly RunRecord[]> {
    return (await this.store.runs(`root/${app}`, 1_000)).map((run) => run.record as unknown as RunRecord);
  }

  async repository(): Promise<ReturnType<typeof repoState>> {
    return repoState(await this.store.read(repoKey('root')));
  }

  /** What the cluster holds of an application: name -> value. */
  live(app: string): Record<string, string> {
    const found = [...this.cluster.objects].filter(([, object]) => object.app === `root/${app}`);
    return Object.fromEntries(
      found.map(([name, object]) => [name, (JSON.parse(object.value) as { value: string }).value]),
    );
  }
}

const revisionOf = (index: number): string => index.toString(16).padStart(8, '0').padEnd(40, '0');

function filesOf(content: Content): Record<string, string> {
  const files: Record<string, string> = { 'holdfast.yaml': configOf(content) };
  for (const [app, { objects, broken }] of Object.entries(content.apps)) {
    for (const [name, value] of Object.entries(objects))
      files[`${app}/${name}.yaml`] =
        `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { value: "${value}" }\n`;
    if (broken === true) files[`${app}/broken.yaml`] = 'kind: [\n';
  }
  return files;
}

/** Every application heals itself; `c` waits for `a`. */
function configOf({ apps, broken }: Content): string {
  const names = Object.keys(apps).sort();
  const extra = (name: string): string => {
    const former = apps[name]?.movedFrom;
    return `${name === 'c' && names.includes('a') ? ', dependsOn: [a]' : ''}${former === undefined ? '' : `, movedFrom: ${former}`}`;
  };
  return [
    'version: 1',
    'targets: { sandbox: { sandbox: {} } }',
    'defaults: { sync: { auto: true, prune: true, selfHeal: true }, drift: { every: 60s } }',
    'apps:',
    ...names.map((name) => `  - { name: ${name}, path: ${name}, target: sandbox, namespace: default${extra(name)} }`),
    ...(broken === true ? ['  - : ['] : []),
    '',
  ].join('\n');
}
