// The story of one application from its first push to a server killed at work. The same steps run on the embedded cluster and on a
// real one: what differs is the bench, which looks at the cluster and changes it by hand in its own way.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunnerEvent } from '../../lib/runtime/home.ts';
import type { Json } from '../../lib/core/json.ts';
import { eventually } from './eventually.ts';
import { git } from './git.ts';
import { at, cli, dataDirectory, removeDir, type Running, settledAt, up, Work } from './server.ts';
import * as manifests from './story-manifests.ts';

/** A cluster that the story is played on. */
export interface Bench {
  /** The target in `holdfast.yaml`, and as another installation reaches it. */
  readonly target: string;
  readonly elsewhere: string;
  /** Flags that lead `up`, `plan` and `apply` to the cluster. */
  readonly flags: readonly string[];
  /** The live object; undefined when the cluster says that there is none. Not through Holdfast's own engine where there is another way. */
  get(kind: string, name: string): Promise<Json | undefined>;
  /** Names of the ConfigMaps of the story's namespace. */
  configMaps(): Promise<readonly string[]>;
  /** Sets the replicas of a Deployment as a person does. */
  scale(name: string, replicas: number): Promise<void>;
  /** The manager that the server records for `scale`. */
  readonly scaler: string;
  /** Writes an annotation that is not in Git. */
  annotate(kind: string, name: string, value: string): Promise<void>;
  remove(kind: string, name: string): Promise<void>;
  close(): Promise<void>;
}

export interface StoryOptions {
  /** Makes the bench; the data directory is that of the server, which is not started yet. */
  readonly bench: (dataDir: string) => Promise<Bench>;
  /** Milliseconds that one wait may take. */
  readonly within: number;
  /** Whether the cluster goes on, and can be looked at, while the server is down. */
  readonly outlives: boolean;
}

/** Registers the story's tests; they depend on each other, in this order. */
export function tellStory({ bench: makeBench, within, outlives }: StoryOptions): void {
  let dataDir: string;
  let bench: Bench;
  let server: Running;
  let work: Work;

  const start = async (): Promise<Running> => await up({ dataDir, args: ['--no-examples', ...bench.flags] });
  const until = async (app: string, what: string, fits: ReturnType<typeof settledAt>) =>
    await server.api.until(app, what, fits, within);
  const pushed = async (message: string, app = 'shop'): Promise<string> => {
    const head = await work.push(message);
    await until(app, `applied: ${message}`, settledAt(head));
    return head;
  };
  const refused = async (message: string): Promise<string> => {
    await work.push(message);
    const app = await until('shop', `refused: ${message}`, (one) => one.lastRun?.outcome === 'refused');
    expect(app).toMatchObject({ sync: 'OutOfSync', health: 'Healthy' });
    return app.message;
  };
  const look = async (): Promise<void> => void (await server.api.call('POST', '/apps/shop/sync', {}));
  const replicas = async (): Promise<unknown> => at(await bench.get('deployment', 'web'), 'spec', 'replicas');
  const template = async () => at(await bench.get('deployment', 'web'), 'spec', 'template');
  const noted = async () => at(await bench.get('deployment', 'web'), 'metadata', 'annotations', 'note');
  const setting = async (): Promise<unknown> => at(await bench.get('configmap', 'settings'), 'data', 'greeting');
  const plan = async () =>
    await cli('plan', 'shop', '--repo', work.directory, '--data', dataDir, '-o', 'json', ...bench.flags);

  beforeAll(async () => {
    dataDir = dataDirectory();
    bench = await makeBench(dataDir);
    server = await start();
    work = await Work.clone(`${server.ready.git}/demo.git`, dataDir);
  }, 120_000);

  afterAll(async () => {
    await server?.kill('SIGKILL');
    await bench?.close();
    removeDir(dataDir);
  });

  describe('the story of an application', { shuffle: false }, () => {
    test('the first push makes everything: a namespace, what is in it, a kind and an object of that kind', async () => {
      work.write({ 'holdfast.yaml': manifests.config(bench.target, ['shop']), ...manifests.shop });
      const head = await pushed('first');
      expect((await server.api.app('shop')).lastRun).toMatchObject({ outcome: 'succeeded', trigger: 'push' });
      expect((await server.api.app('shop')).appliedRevision).toBe(head);
      expect(at(await bench.get('deployment', 'web'), 'status', 'readyReplicas')).toBe(2);
      expect(at(await bench.get('service', 'web'), 'spec', 'ports', 0, 'port')).toBe(80);
      expect(at(await bench.get('widget', 'left'), 'spec', 'size')).toBe(3);
      expect(await setting()).toBe('hello');
      for (const [kind, name] of manifests.shopObjects)
        expect(at(await bench.get(kind, name), 'metadata', 'labels', 'holdfast.dev/app'), `${kind}/${name}`).toBe(
          'shop',
        );
    });

    test('a change in Git reaches the cluster', async () => {
      work.edit('shop/web.yaml', 'replicas: 2', 'replicas: 3');
      await pushed('three');
      expect(await replicas()).toBe(3);
    });

    test('a change by hand is reported with its manager, then undone', async () => {
      const mark = server.events.mark();
      await bench.scale('web', 5);
      const isReport = (event: RunnerEvent): boolean => event.event === 'drift-report' && event.app === 'shop';
      const report = await server.events.next(mark, 'a drift report', isReport, 10_000 + within);
      expect(report.data).toMatchObject({
        detail: {
          app: 'shop',
          items: [
            {
              subject: `Deployment/${manifests.namespace}/web`,
              owner: bench.scaler,
              fields: [{ path: 'spec.replicas', before: 5, after: 3 }],
            },
          ],
        },
      });
      await eventually(async () => (await replicas()) === 3, { within, what: 'the heal' });
      await until('shop', 'healed', (app) => settledAt()(app) && app.lastRun?.trigger === 'drift');
    });

    test('an object deleted by hand comes back; what Git does not speak of stays', async () => {
      await bench.annotate('deployment', 'web', 'mine');
      await bench.remove('configmap', 'settings');
      await look();
      await eventually(async () => (await setting()) === 'hello', { within, what: 'the object to be back' });
      await until('shop', 'healed', settledAt());
      expect(await noted()).toBe('mine');
    });

    test('a rollout that fails is Degraded and says why, and rollback brings the one before it back', async () => {
      const good = await git(work.directory, 'rev-parse', 'HEAD');
      work.edit('shop/web.yaml', 'labels: { app: web } }', `${manifests.crashing}, labels: { app: web } }`);
      await work.push('a version that crashes');
      const bad = await until('shop', 'Degraded', (app) => app.lastRun?.outcome === 'unhealthy');
      expect(bad).toMatchObject({ health: 'Degraded' });
      expect(bad.message).toMatch(/Deployment\/story\/web/);
      expect(await cli('rollback', 'shop', '--data', dataDir)).toMatchObject({ code: 0 });
      await until('shop', 'rolled back', settledAt(good));
      expect(at(await template(), 'metadata', 'annotations')).toBeUndefined();
      await git(work.directory, 'revert', '--no-edit', 'HEAD');
      await work.push('without it');
      await server.api.call('POST', '/apps/shop/resume', {});
      await until('shop', 'at the head', settledAt(await work.pull()));
    });

    test('an object removed from Git is deleted, and nothing else', async () => {
      work.remove('shop/flags.yaml');
      await pushed('no flags');
      expect(await bench.get('configmap', 'flags')).toBeUndefined();
      expect(await setting()).toBe('hello');
    });

    test('a namespace and a kind that are gone from Git stay, with what is in them', async () => {
      work.remove('shop/namespace.yaml', 'shop/kind.yaml', 'shop/a-widget.yaml');
      await pushed('neither namespace nor kind');
      expect(await bench.get('namespace', manifests.namespace)).toMatchObject({ status: { phase: 'Active' } });
      expect(await bench.get('customresourcedefinition', manifests.kindName)).toBeDefined();
      expect(await bench.get('widget', 'left'), 'the object itself is deleted').toBeUndefined();
      expect(await setting()).toBe('hello');
      await git(work.directory, 'revert', '--no-edit', 'HEAD');
      await pushed('both back');
      expect(at(await bench.get('widget', 'left'), 'spec', 'size')).toBe(3);
    });

    test('a broken manifest is refused with its place, a wrong field with the words of the server; nothing is written', async () => {
      const good = work.read('shop/web.yaml');
      const before = at(await bench.get('deployment', 'web'), 'metadata', 'generation');
      work.edit('shop/settings.yaml', 'hello', 'not yet');
      work.write({ 'shop/web.yaml': good.replace('replicas: 3', 'replicas: [') });
      expect(await refused('broken')).toMatch(/shop\/web\.yaml:\d+:\d+ /);
      work.write({ 'shop/web.yaml': good.replace('replicas: 3', 'replicas: 3\n  replcas: 4') });
      await work.push('a misspelt field');
      const wrong = await until('shop', 'the misspelt field refused', (app) => /replcas/.test(app.message));
      expect(wrong.message).toMatch(/Deployment\/story\/web.*spec\.replcas/s);
      expect(wrong).toMatchObject({ sync: 'OutOfSync', health: 'Healthy' });
      expect(await setting()).toBe('hello');
      work.write({ 'shop/web.yaml': good.replace('matchLabels: { app: web }', 'matchLabels: { app: wbe }') });
      await work.push('another selector');
      const fixed = await until('shop', 'the selector refused', (app) => /selector/.test(app.message));
      expect(fixed.message).toMatch(/Deployment\/story\/web/);
      expect(await setting()).toBe('hello');
      expect(at(await bench.get('deployment', 'web'), 'metadata', 'generation')).toBe(before);
    });

    test('git revert brings the last good state back', async () => {
      await git(work.directory, 'revert', '--no-edit', 'HEAD', 'HEAD~1', 'HEAD~2');
      await pushed('back');
      expect([await replicas(), await setting()]).toEqual([3, 'hello']);
    });

    test('plan finds nothing to do, and finds a change by hand', async () => {
      await server.api.call('POST', '/apps/shop/suspend', {});
      const same = await plan();
      expect(same, 'in sync').toMatchObject({ code: 0, stderr: '' });
      await bench.scale('web', 4);
      const different = await plan();
      expect(different).toMatchObject({ code: 1, stderr: '' });
      expect(at(JSON.parse(different.stdout) as Json, 'apps', 0)).toMatchObject({
        summary: { update: 1 },
        changes: [{ action: 'update', fields: [{ path: 'spec.replicas', before: 4, after: 3 }] }],
      });
      await server.api.call('POST', '/apps/shop/resume', {});
      await look();
      await eventually(async () => (await replicas()) === 3, { within, what: 'the heal' });
    });

    test('another installation may not take the objects', async () => {
      const other = new Work(`${work.directory}-other`);
      other.write({
        'holdfast.yaml': manifests.config(bench.elsewhere, ['shop']),
        'shop/settings.yaml': work.read('shop/settings.yaml').replace('hello', 'mine'),
      });
      const data = `${other.directory}/.holdfast`;
      const where = ['--repo', other.directory, '--data', data, '--installation', 'other'];
      const answer = await cli('apply', '--yes', '--worktree', ...where);
      expect(answer).toMatchObject({ code: 2 });
      expect(answer.stderr).toMatch(/ConfigMap\/story\/settings.*"?local/s);
      expect(await setting()).toBe('hello');
    });

    test('a server killed in the middle of an apply goes on where it was, and has lost sight of nothing', async () => {
      work.write({ 'holdfast.yaml': manifests.config(bench.target, ['shop', 'many']), ...manifests.many });
      const mark = server.events.mark();
      const head = await work.push('many more');
      const ofMany = (name: string) => (event: RunnerEvent) => event.event === name && event.app === 'many';
      await server.events.next(mark, 'the first object', ofMany('object'), within);
      await server.kill('SIGKILL');
      expect(server.events.since(mark).filter(ofMany('run-ended')), 'killed before its end').toEqual([]);
      const names = async (): Promise<number> =>
        (await bench.configMaps()).filter((name) => name.startsWith('many-')).length;
      const atDeath = outlives ? await names() : 1;
      expect(atDeath).toBeGreaterThan(0);
      expect(atDeath).toBeLessThan(manifests.manyCount);
      server = await start();
      await until('many', 'finished', settledAt(head));
      expect(await names()).toBe(manifests.manyCount);

      // More than half: what was written before the kill must be in the inventory to be counted, held and deleted.
      work.remove(...manifests.manyPaths.slice(0, 80));
      const less = await work.push('eighty less');
      const held = await until('many', 'held', (app) => app.lastRun?.outcome === 'held');
      expect(held.message).toContain('80');
      expect(await names()).toBe(manifests.manyCount);
      expect(await cli('sync', 'many', '--prune', '--data', dataDir)).toMatchObject({ code: 0 });
      await until('many', 'pruned', settledAt(less));
      expect(await names()).toBe(manifests.manyCount - 80);
      expect([await setting(), await noted()], 'the other application').toEqual(['hello', 'mine']);
    });
  });
}
