// Image hints are kept until they were acted on: quiet time, a refused configuration, a Git host or a registry that fails.
import { expect, test } from 'vitest';
import { HoldfastError } from '../../lib/core/errors.ts';
import { newRepoState, type RepoState } from '../../lib/core/reconcile/state.ts';
import type { Row } from '../../lib/core/reconcile/store.ts';
import type { Trigger } from '../../lib/core/trigger/model.ts';
import type { Home } from '../../lib/runtime/home.ts';
import { wakeRepository } from '../../lib/runtime/wake-repository.ts';
import { workOnRepository } from '../../lib/runtime/work.ts';
import { memoryReader } from '../support/memory-tree.ts';
import { Simulation } from '../support/simulation.ts';

const repository = 'example.com/web';
const config = [
  'version: 1',
  'targets: { sandbox: { sandbox: {} } }',
  'apps:',
  '  - name: web',
  '    path: web',
  '    target: sandbox',
  '    namespace: default',
  `    images: [{ repository: ${repository}, policy: { semver: ^1.0 } }]`,
  '',
].join('\n');
const manifest = (tag: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web }\ndata:\n  image: ${repository}:${tag} # holdfast:image ${repository}\n`;

/** A home whose head is text that a test changes, with a registry and a writer. */
class Images {
  readonly sim = new Simulation(1);
  files: Record<string, string> = { 'holdfast.yaml': config, 'web/web.yaml': manifest('1.0.0') };
  tags: readonly string[] = ['1.0.0', '1.1.0'];
  gitFails = false;
  registryFails = false;
  readonly commits: string[] = [];
  state: RepoState = newRepoState;
  due: number | undefined;
  #revision = 1;
  readonly #home: Home;

  constructor() {
    const { home } = this.sim.addWorker();
    const failing = (code: string): HoldfastError =>
      new HoldfastError({ code, source: 'remote', message: code, retryable: true });
    this.#home = {
      ...home,
      settings: { ...home.settings, imageQuietMs: 2_000 },
      registry: {
        tags: async () => {
          if (this.registryFails) throw failing('RegistryUnreachable');
          return this.tags.map((tag) => ({ tag, digest: `sha256:${'0'.repeat(64)}`, pushedAt: 0 }));
        },
      },
      root: {
        ...home.root,
        source: {
          ...home.root.source,
          head: async () => {
            if (this.gitFails) throw failing('GitUnreachable');
            return this.#head();
          },
          open: async (revision) => memoryReader(this.files, revision),
        },
        writer: {
          commit: async ({ edits }) => {
            for (const { path, bytes } of edits) this.files = { ...this.files, [path]: Buffer.from(bytes).toString() };
            this.#revision += 1;
            this.commits.push(this.files['web/web.yaml'] ?? '');
            return { kind: 'pushed', revision: this.#head() };
          },
        },
      },
    };
  }

  #head(): string {
    return String(this.#revision).padStart(40, '0');
  }

  push(files: Record<string, string>): void {
    this.files = { ...this.files, ...files };
    this.#revision += 1;
  }

  /** One wake, with hints that came since the last one. */
  async wake(...kinds: Trigger['kind'][]): Promise<void> {
    const at = this.sim.clock.now();
    const row: Row = {
      v: 1,
      key: 'repo/root',
      wanted: 1,
      handled: 0,
      fence: 1,
      intent: {},
      reasons: kinds.map((kind) => ({ kind, at, note: `${repository}:1.1.0` })),
    };
    const options = { signal: new AbortController().signal, guard: () => undefined };
    const looked = await wakeRepository(this.#home, this.state, row, options);
    this.state = looked.state;
    this.due = looked.due;
  }

  /** Wakes when it is due, until the next thing to do is the ordinary poll. */
  async rest(): Promise<void> {
    for (let round = 0; round < 20 && this.state.images !== undefined; round += 1) {
      this.sim.clock.advance(Math.max(1, (this.due ?? 0) - this.sim.clock.now()));
      await this.wake();
    }
  }
}

test('a hint waits for quiet, then becomes one commit, and is gone', async () => {
  const images = new Images();
  await images.wake('image');
  expect(images.commits).toEqual([]);
  expect(images.due).toBe(images.sim.clock.now() + 2_000);
  await images.rest();
  expect(images.commits).toEqual([manifest('1.1.0')]);
  expect(images.state).toMatchObject({ revision: '2'.padStart(40, '0') });
});

test('hints that keep coming are acted on after thirty seconds at most', async () => {
  const images = new Images();
  for (let i = 0; i < 31; i += 1) {
    await images.wake('image');
    images.sim.clock.advance(1_000);
  }
  expect(images.commits).toHaveLength(1);
});

test.for(['gitFails', 'registryFails'] as const)('%s: the hint is not lost', async (fault) => {
  const images = new Images();
  await images.wake('poll');
  images[fault] = true;
  await images.wake('image');
  images.sim.clock.advance(5_000);
  await images.wake();
  expect(images.commits).toEqual([]);
  images[fault] = false;
  await images.rest();
  expect(images.commits).toEqual([manifest('1.1.0')]);
});

test('while the configuration is refused the hint waits for a good one', async () => {
  const images = new Images();
  await images.wake('poll');
  images.push({ 'holdfast.yaml': `${config}nonsense: 1\n` });
  await images.wake('image');
  images.sim.clock.advance(5_000);
  await images.wake();
  expect(images.commits).toEqual([]);
  images.push({ 'holdfast.yaml': config });
  await images.wake('push');
  expect(images.commits).toEqual([manifest('1.1.0')]);
});

test('an image that changes nothing makes no commit and leaves nothing waiting', async () => {
  const images = new Images();
  images.tags = ['1.0.0', '0.9.0', '2.0.0'];
  await images.wake('image');
  await images.rest();
  expect(images.commits).toEqual([]);
  expect(images.state.images).toBeUndefined();
});

test('a fan-out that its time does not suffice for gives the repository back, and the next turn goes on with the rest', async () => {
  const sim = new Simulation(1);
  const apps = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`a${at}`, { objects: { x: '1' } }]));
  sim.push({ apps });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  const { home } = sim.addWorker();
  const time = new AbortController();
  let written = 0;
  const store: Home['store'] = {
    ...home.store,
    assign: async (...row) => {
      if (++written === 20) time.abort();
      return await home.store.assign(...row);
    },
  };
  await expect(workOnRepository({ ...home, store }, 'repo/root', time.signal)).rejects.toMatchObject({
    code: 'Stopped',
  });
  const row = await sim.store.read('repo/root');
  expect(row?.due).toBe(sim.clock.now());
  expect(row?.lease, 'not held until it ends').toBeUndefined();
  expect(row?.state, 'no failure of the repository').toBeUndefined();
  await workOnRepository({ ...home, store }, 'repo/root', new AbortController().signal);
  expect(written).toBe(40);
  expect(await sim.store.list('app/root/')).toHaveLength(40);
});

test('a chart that comes without a change of the configuration has its cluster asked', async () => {
  const images = new Images();
  await images.wake('push');
  const before = (await images.sim.store.read('target/sandbox'))?.wanted;
  images.push({ 'web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n' });
  await images.wake('push');
  expect((await images.sim.store.read('target/sandbox'))?.wanted).toBe((before ?? 0) + 1);
});
