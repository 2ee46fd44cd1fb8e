// What charts are told of their cluster: recorded by the sweep, in the key of charts only, and news ring the repository.
import { expect, test } from 'vitest';
import { plainRenderer } from '../../lib/adapters/render/plain.ts';
import { HoldfastError } from '../../lib/core/errors.ts';
import type { Target } from '../../lib/core/plan/target.ts';
import type { SeenCluster } from '../../lib/core/render/cluster-facts.ts';
import type { Renderer, RenderOptions } from '../../lib/core/render/model.ts';
import { collectGarbage } from '../../lib/runtime/gc.ts';
import type { Home } from '../../lib/runtime/home.ts';
import { appKey, appSource, repoKey, targetKey } from '../../lib/runtime/rows.ts';
import { targetState } from '../../lib/runtime/sweep.ts';
import { workOn } from '../../lib/runtime/work.ts';
import { memoryReader } from '../support/memory-tree.ts';
import { Simulation } from '../support/simulation.ts';

const config = `version: 1
targets: { sandbox: { sandbox: {} } }
defaults: { sync: { auto: true }, drift: { every: 60s } }
apps:
  - { name: chart, path: chart, target: sandbox, namespace: default }
  - { name: plain, path: plain, target: sandbox, namespace: default }
`;
const files: Record<string, string> = {
  'holdfast.yaml': config,
  'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
  'chart/templates/a.yaml': '{{ .Capabilities.KubeVersion }}\n',
  'plain/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: plain }\ndata: { value: "1" }\n',
};
const monitors = 'monitoring.coreos.com/v1';

/** A home with a chart and a plain application, and a cluster whose answer a test changes. */
class Clusters {
  readonly sim = new Simulation(1);
  seen: SeenCluster = { version: 'v1.35.0', apis: ['v1', 'apps/v1', 'apps/v1/Deployment'], unknown: [] };
  silent = false;
  asked = 0;
  readonly told: Pick<RenderOptions, 'kubeVersion' | 'apiVersions'>[] = [];
  readonly home: Home;

  constructor() {
    const { home } = this.sim.addWorker();
    const plain = plainRenderer();
    const helm: Renderer = {
      version: async () => 'chart/1',
      render: async (_bundle, options) => {
        const { app, kubeVersion, apiVersions } = options;
        this.told.push({ ...(kubeVersion && { kubeVersion }), ...(apiVersions && { apiVersions }) });
        const value = `${kubeVersion ?? 'unknown'} ${apiVersions?.includes(monitors) === true}`;
        const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: chart }\ndata: { value: "${value}" }\n`;
        return await plain.render(
          { files: [{ path: `${app.path}/a.yaml`, executable: false, bytes: Buffer.from(text) }] },
          options,
        );
      },
    };
    const cluster = async (): Promise<SeenCluster> => {
      this.asked += 1;
      if (this.silent)
        throw new HoldfastError({ code: 'ClusterUnreachable', source: 'remote', message: 'no', retryable: true });
      return this.seen;
    };
    this.home = {
      ...home,
      renderers: { ...home.renderers, helm },
      targets: {
        get: async (spec, app): Promise<Target> => Object.assign(await home.targets.get(spec, app), { cluster }),
        close: async () => undefined,
      },
      root: {
        ...home.root,
        source: {
          ...home.root.source,
          head: async () => '1'.repeat(40),
          open: async () => memoryReader(files, '1'.repeat(40)),
        },
      },
    };
  }

  /** Works off everything that becomes due within this time. */
  async rest(ms: number): Promise<void> {
    const { clock, store } = this.sim;
    const end = clock.now() + ms;
    for (let wakes = 0; wakes < 200; ) {
      const keys = await store.due(clock.now(), 100);
      for (const key of keys) {
        await workOn(this.home, key, new AbortController().signal);
        wakes += 1;
      }
      if (keys.length > 0) continue;
      const next = await this.sim.nextDue();
      if (next === undefined || next > end) return;
      clock.advance(Math.max(1, next - clock.now()));
    }
    throw new RangeError('never at rest');
  }

  async start(): Promise<void> {
    await this.home.store.hint(repoKey('root'), { kind: 'push', at: this.sim.clock.now() });
    await this.rest(1_000);
  }

  async key(app: string): Promise<string | undefined> {
    const row = await this.home.store.read(appKey(`root/${app}`));
    return row === undefined ? undefined : appSource(row)?.inputsKey;
  }

  live(): readonly unknown[] {
    return [this.sim.live('chart')['chart'], this.sim.live('plain')['plain']];
  }
}

test('a chart is rendered at once without facts, and again as soon as the cluster has been asked', async () => {
  const all = new Clusters();
  await all.start();
  expect(all.told[0]).toEqual({});
  expect(all.told.at(-1)).toEqual({ kubeVersion: 'v1.35.0', apiVersions: ['apps/v1', 'apps/v1/Deployment', 'v1'] });
  expect(all.live()).toEqual(['v1.35.0 false', '1']);
  // Before the first sweep was due, and only once.
  expect(all.asked).toBe(1);
});

test('another version or API renders the chart again and nothing else; the same answer renders nothing', async () => {
  const all = new Clusters();
  await all.start();
  await all.rest(120_000);
  const [chart, plain, renderings] = [await all.key('chart'), await all.key('plain'), all.told.length];
  expect(await all.sim.runs('chart')).toHaveLength(2);
  all.seen = { version: 'v1.36.0', apis: [...all.seen.apis, monitors], unknown: [] };
  await all.rest(130_000);
  expect(all.live()).toEqual(['v1.36.0 true', '1']);
  expect(await all.key('chart')).not.toBe(chart);
  expect(await all.key('plain')).toBe(plain);
  expect(all.told).toHaveLength(renderings + 1);
  const [newest] = await all.sim.runs('chart');
  expect(newest).toMatchObject({ trigger: 'config', outcome: 'succeeded' });
  expect(await all.sim.runs('plain')).toHaveLength(1);
});

test('a sweep asks the cluster once, and only where a chart goes', async () => {
  const all = new Clusters();
  await all.start();
  const before = all.asked;
  await all.rest(190_000);
  const sweeps = all.asked - before;
  expect(sweeps).toBeGreaterThanOrEqual(2);
  expect(sweeps).toBeLessThanOrEqual(4);
});

test('a cluster that does not answer, or a group whose server is down, changes no chart', async () => {
  const all = new Clusters();
  all.seen = { ...all.seen, apis: [...all.seen.apis, monitors, `${monitors}/ServiceMonitor`] };
  await all.start();
  const [key, renderings] = [await all.key('chart'), all.told.length];
  all.seen = { ...all.seen, apis: ['v1', 'apps/v1', 'apps/v1/Deployment', monitors], unknown: [monitors] };
  await all.rest(130_000);
  all.silent = true;
  await all.rest(130_000);
  expect(await all.key('chart')).toBe(key);
  expect(all.told).toHaveLength(renderings);
  expect(all.live()[0]).toBe('v1.35.0 true');
});

test('news are recorded before the repository is rung, so that a crash between the two loses nothing', async () => {
  const all = new Clusters();
  await all.start();
  await all.rest(120_000);
  all.seen = { ...all.seen, version: 'v1.36.0' };
  let rung = 0;
  const home: Home = {
    ...all.home,
    store: {
      ...all.home.store,
      hint: async (key, trigger) => {
        if (key === repoKey('root') && (rung += 1) === 1) throw new TypeError('killed');
        await all.home.store.hint(key, trigger);
      },
    },
  };
  all.sim.clock.advance(61_000);
  const signal = new AbortController().signal;
  await expect(workOn(home, targetKey('sandbox'), signal)).rejects.toThrow('killed');
  const row = await all.home.store.read(targetKey('sandbox'));
  expect(row === undefined ? undefined : targetState(row)).toMatchObject({ tell: true });
  await all.rest(60_000);
  expect(all.live()[0]).toBe('v1.36.0 false');
});

test('what is recorded survives the removal of unused blobs; lost, it is asked for and recorded again', async () => {
  const all = new Clusters();
  await all.start();
  for (let pass = 0; pass < 3; pass++) {
    await collectGarbage(all.home);
    all.sim.clock.advance(11 * 60_000);
  }
  const [blob, ...others] = await all.home.blobs.list('cluster/');
  expect(others).toEqual([]);
  expect(blob).toBeDefined();
  await all.home.blobs.delete(blob ?? '');
  await all.rest(130_000);
  expect(await all.home.blobs.list('cluster/')).toEqual([blob]);
  expect(all.live()[0]).toBe('v1.35.0 false');
});
