// Health: until a rollout is done, and what is said of it.
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';
import type { HealthReport } from '../../../lib/core/plan/target.ts';
import { eventually } from '../../support/eventually.ts';
import type { AppUnderTest, TargetCase } from './workbench.ts';

/** Follows as the engine does, with its waits. */
async function followed(app: AppUnderTest, objects: readonly KubeObject[]): Promise<HealthReport> {
  const end = performance.now() + 15_000;
  let token: string | undefined;
  while (performance.now() < end) {
    const step = await app.follow(objects, token);
    if (step.status === 'done') return step.value;
    if (step.status === 'failed') throw new Error(step.cause.message);
    token = step.token;
    await pause(step.afterMs);
  }
  throw new Error('health did not settle');
}

export const healthCases: readonly TargetCase[] = [
  {
    name: 'a rollout is followed until it is healthy',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = [
        bench.deployment('web', [{ name: 'web', image: 'web:1' }], { replicas: 2 }),
        bench.configMap('a'),
      ];
      await app.synced(objects);
      const report = await followed(app, objects);
      expect(report).toMatchObject({ health: 'Healthy', message: 'All 2 objects are healthy' });
      expect((await app.observe(objects)).health.health).toBe('Healthy');
    },
  },
  {
    name: 'what has no health is healthy without a request',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = [bench.configMap('a'), bench.configMap('b')];
      await app.synced(objects);
      const { value, all } = await bench.counted(() => app.follow(objects));
      expect(value).toMatchObject({ status: 'done', value: { health: 'Healthy' } });
      expect(all).toBe(0);
    },
  },
  {
    name: 'what is on its way waits, with growing gaps and a reason',
    run: async (bench) => {
      const app = bench.app('web');
      const annotations = { 'rig/behave': 'pending', 'sandbox.holdfast.dev/behave': 'pending' };
      const labels = { app: 'web' };
      const containers = [{ name: 'web', image: 'web:1' }];
      const deployment: KubeObject = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: bench.namespace },
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels, annotations }, spec: { containers } },
        },
      };
      await app.synced([deployment]);
      const first = await app.follow([deployment]);
      expect(first).toMatchObject({ status: 'wait', afterMs: 300, note: expect.stringContaining('Deployment') });
      const second = await app.follow([deployment], first.status === 'wait' ? first.token : undefined);
      expect(second).toMatchObject({ status: 'wait', afterMs: 480 });
    },
  },
  {
    name: 'a rollout that does not move says what its pods say',
    run: async (bench) => {
      const app = bench.app('web');
      const annotations = { 'rig/behave': 'pull', 'sandbox.holdfast.dev/behave': 'pull' };
      const labels = { app: 'web' };
      const template = {
        metadata: { labels, annotations },
        spec: { containers: [{ name: 'web', image: 'web:1' }] },
      };
      const objects = [bench.deployment('web', [], { replicas: 1, template })];
      await app.synced(objects);
      const later = JSON.stringify({ looks: 5 });
      const step = await eventually(async () => {
        const next = await app.follow(objects, later);
        return next.status === 'wait' && next.note?.includes('container web') === true ? next : undefined;
      });
      expect(step).toMatchObject({
        status: 'wait',
        note: expect.stringMatching(/^Deployment\/.*; pod web-.*: container web: (ErrImagePull|ImagePullBackOff)/),
      });
    },
  },
  {
    name: 'an object that is not there is missing',
    run: async (bench) => {
      const app = bench.app('web');
      const observation = await app.observe([bench.deployment('web')]);
      expect(observation).toMatchObject({ inSync: false, health: { health: 'Missing' }, drift: [] });
    },
  },
  {
    name: 'a Job that cleaned itself up has done its work, and is not run again',
    run: async (bench) => {
      const app = bench.app('web');
      const metadata = { name: 'once', namespace: bench.namespace };
      const pod = { spec: { restartPolicy: 'Never', containers: [{ name: 'once', image: 'once:1' }] } };
      const job: KubeObject = {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata,
        // Suspended, so that nothing but this case removes it.
        spec: { suspend: true, ttlSecondsAfterFinished: 60, template: pod },
      };
      await app.synced([job]);
      await bench.client.delete(bench.ref(job), { propagation: 'Background' });
      await eventually(async () => (await bench.get(job)) === undefined);
      const observation = await app.observe([job]);
      expect(observation).toMatchObject({ inSync: true, drift: [], health: { health: 'Healthy' } });
      expect((await app.plan([job])).plan.changes).toEqual([]);
      expect(await followed(app, [job])).toMatchObject({ health: 'Healthy' });
    },
  },
];
