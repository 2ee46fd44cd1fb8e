// What a push leads to, good or bad: applied, refused with its place, held, removed, renamed, moved; nothing else is touched.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SandboxHand } from '../../lib/runtime/sandbox-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { git } from '../support/git.ts';
import { at, dataDirectory, live, removeDir, type Running, settledAt, up, Work } from '../support/server.ts';

const configMap = (name: string, value = '1'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  value: "${value}"\n`;
const deployment = (name: string, replicas: number): string =>
  [
    'apiVersion: apps/v1',
    'kind: Deployment',
    `metadata: { name: ${name} }`,
    'spec:',
    `  replicas: ${replicas}`,
    `  selector: { matchLabels: { app: ${name} } }`,
    '  template:',
    `    metadata: { labels: { app: ${name} } }`,
    '    spec: { containers: [{ name: main, image: "example.com/main:1.0.0" }] }',
    '',
  ].join('\n');
const config = (...entries: readonly string[]): string =>
  [
    'version: 1',
    'targets: { sandbox: { sandbox: {} }, other: { sandbox: {} } }',
    'defaults: { sync: { auto: true, prune: true, selfHeal: false }, drift: { every: 10s } }',
    'apps:',
    ...entries.map((entry) => `  - { target: sandbox, namespace: default, ${entry} }`),
    '',
  ].join('\n');
const entry = (name: string): string => `name: ${name}, path: apps/${name}`;
const names = (app: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${app}-${i}`);
const files = (app: string, count: number): Record<string, string> =>
  Object.fromEntries(names(app, count).map((name) => [`apps/${app}/${name}.yaml`, configMap(name)]));

const apps = ['ten', 'web', 'steady', 'drifting', 'pruned', 'budget', 'leaving', 'before'];

let dataDir: string;
let server: Running;
let hand: SandboxHand;
let work: Work;
let entries: string[];

beforeAll(async () => {
  dataDir = dataDirectory();
  server = await up({ dataDir, args: ['--no-examples'] });
  work = await Work.clone(`${server.ready.git}/demo.git`, dataDir);
  entries = [...apps.map(entry), `${entry('healing')}, sync: { auto: true, selfHeal: true }`];
  work.write({
    'holdfast.yaml': config(...entries),
    'apps/web/web.yaml': deployment('web', 2),
    'apps/steady/steady.yaml': configMap('steady'),
    'apps/drifting/drifting.yaml': configMap('drifting'),
    'apps/healing/healing.yaml': deployment('healing', 2),
    ...files('ten', 10),
    ...files('pruned', 3),
    ...files('budget', 12),
    ...files('leaving', 2),
    ...files('before', 3),
  });
  const head = await work.push('first');
  await Promise.all(apps.map((app) => server.api.until(app, 'settled', settledAt(head), 15_000)));
  hand = await server.hand();
  await server.api.until('healing', 'settled', settledAt(head), 15_000);
  // For the last two tests: the sweep comes while others run.
  const byHand = { path: ['data', 'value'], value: '7' };
  await hand.edit({ kind: 'configmap', name: 'drifting', namespace: 'default' }, [byHand]);
  const scaled = { path: ['spec', 'replicas'], value: 7 };
  await hand.edit({ kind: 'deployment', name: 'healing', namespace: 'default' }, [scaled]);
});

afterAll(async () => {
  hand?.close();
  await server?.kill('SIGKILL');
  removeDir(dataDir);
});

const value = async (name: string): Promise<unknown> =>
  at(await live(hand, 'configmap', name, 'default'), 'data', 'value');
const replicas = async (name: string): Promise<unknown> =>
  at(await live(hand, 'deployment', name, 'default'), 'spec', 'replicas');
const exists = async (name: string): Promise<boolean> => (await live(hand, 'configmap', name, 'default')) !== undefined;
const runsOf = async (
  app: string,
): Promise<readonly { id: string; outcome: string; trigger: string; deleted: number }[]> => {
  const { body } = await server.api.call('GET', `/apps/${app}/history?limit=100`);
  return (body as unknown as { runs: { id: string; outcome: string; trigger: string; deleted: number }[] }).runs;
};
const reconfigure = async (message: string): Promise<string> => {
  work.write({ 'holdfast.yaml': config(...entries) });
  return await work.push(message);
};

describe('pushes to one server', { shuffle: false }, () => {
  test('a changed field reaches the cluster, and only the application it is in runs', async () => {
    const before = (await runsOf('steady')).length;
    work.edit('apps/web/web.yaml', 'replicas: 2', 'replicas: 3');
    const head = await work.push('three');
    await eventually(async () => (await replicas('web')) === 3);
    const app = await server.api.until('web', 'applied', settledAt(head));
    expect(app.lastRun?.trigger).toBe('push');
    expect((await server.api.app('steady')).appliedRevision, 'untouched is at the head all the same').toBe(head);
    expect(await runsOf('steady')).toHaveLength(before);
  });

  test('a bad manifest is refused with file and line, the last good state stays, and a good push recovers', async () => {
    const good = work.read('apps/web/web.yaml');
    work.write({ 'apps/web/web.yaml': good.replace('replicas: 3', 'replicas: [') });
    await work.push('broken');
    const refused = await server.api.until('web', 'refused', (app) => app.lastRun?.outcome === 'refused');
    expect(refused).toMatchObject({ sync: 'OutOfSync', health: 'Healthy' });
    expect(refused.message).toMatch(/apps\/web\/web\.yaml:\d+:\d+ /);
    expect(await replicas('web')).toBe(3);
    work.write({ 'apps/web/web.yaml': good.replace('replicas: 3', 'replicas: 1') });
    const head = await work.push('good again');
    await server.api.until('web', 'recovered', settledAt(head));
    expect(await replicas('web')).toBe(1);
  });

  test('one broken file of ten: nothing of the ten is written', async () => {
    work.write({
      'apps/ten/ten-0.yaml': configMap('ten-0', '2'),
      'apps/ten/ten-5.yaml': 'kind: ConfigMap\n  bad: [\n',
    });
    await work.push('one of ten broken');
    const refused = await server.api.until('ten', 'refused', (app) => app.lastRun?.outcome === 'refused');
    expect(refused.message).toContain('apps/ten/ten-5.yaml:');
    expect(await value('ten-0')).toBe('1');
    work.write({ 'apps/ten/ten-5.yaml': configMap('ten-5') });
    await server.api.until('ten', 'recovered', settledAt(await work.push('mended')));
    expect(await value('ten-0')).toBe('2');
  });

  test.for([
    ['an empty directory where an application was', { 'apps/ten/README.md': 'nothing here' }, /apps\/ten/],
    ['nothing at all where an application was', {}, /holdfast\.yaml:\d+:\d+ .*apps\/ten/],
  ] as const)('%s: refused, nothing pruned', async ([, left, message]) => {
    work.remove('apps/ten');
    work.write(left);
    await work.push('emptied');
    // Out of sync it is from the moment at which the commit is seen; what is wrong with it is said a little later.
    await server.api.until('ten', 'refused', (app) => app.sync === 'OutOfSync' && message.test(app.message));
    expect(await Promise.all(names('ten', 10).map(exists))).not.toContain(false);
    await git(work.directory, 'revert', '--no-edit', 'HEAD');
    await server.api.until('ten', 'recovered', settledAt(await work.push('back')));
  });

  test('an object removed from Git is pruned, its neighbours stay', async () => {
    work.remove('apps/pruned/pruned-1.yaml');
    await server.api.until('pruned', 'applied', settledAt(await work.push('one less')));
    expect(await Promise.all(names('pruned', 3).map(exists))).toEqual([true, false, true]);
    expect((await runsOf('pruned'))[0]?.deleted).toBe(1);
  });

  test('more deletes than the budget are held until a person says so', async () => {
    work.remove(...names('budget', 9).map((name) => `apps/budget/${name}.yaml`));
    const head = await work.push('nine of twelve less');
    const held = await server.api.until('budget', 'held', (app) => app.lastRun?.outcome === 'held');
    expect(held.message).toMatch(/9/);
    expect(await Promise.all(names('budget', 12).map(exists))).not.toContain(false);
    await server.api.call('POST', '/apps/budget/sync', { prune: true });
    await server.api.until('budget', 'pruned', settledAt(head));
    expect((await Promise.all(names('budget', 12).map(exists))).filter(Boolean)).toHaveLength(3);
  });

  test('an application removed from the config leaves its objects', async () => {
    entries = entries.filter((one) => one !== entry('leaving'));
    const mark = server.events.mark();
    await reconfigure('leaving goes');
    const gone = await server.events.next(mark, 'app-removed', (event) => event.event === 'app-removed');
    expect(gone.app).toBe('leaving');
    await eventually(async () => (await server.api.status()).apps.every((app) => app.name !== 'leaving'));
    expect(await Promise.all(names('leaving', 2).map(exists))).toEqual([true, true]);
    entries.push(entry('leaving'));
    await server.api.until('leaving', 'back', settledAt(await reconfigure('leaving comes back')));
  });

  test('a renamed application keeps its objects, and prunes what goes with the rename and later', async () => {
    const uid = at(await live(hand, 'configmap', 'before-0', 'default'), 'metadata', 'uid');
    entries = entries.map((one) =>
      one === entry('before') ? 'name: after, path: apps/before, movedFrom: before' : one,
    );
    work.remove('apps/before/before-2.yaml');
    const head = await reconfigure('renamed, and one less');
    await server.api.until('after', 'settled', settledAt(head));
    expect(await Promise.all(names('before', 3).map(exists))).toEqual([true, true, false]);
    const object = await live(hand, 'configmap', 'before-0', 'default');
    expect(at(object, 'metadata', 'uid')).toBe(uid);
    expect(at(object, 'metadata', 'labels', 'holdfast.dev/app')).toBe('after');
    work.remove('apps/before/before-1.yaml');
    await server.api.until('after', 'pruned', settledAt(await work.push('one less after the rename')));
    expect(await Promise.all(names('before', 2).map(exists))).toEqual([true, false]);
  });

  test('an application that goes to another target: its objects here are left, said, and never pruned there', async () => {
    entries.push('name: moving, path: apps/moving');
    work.write({ 'holdfast.yaml': config(...entries), ...files('moving', 3) });
    await server.api.until('moving', 'settled', settledAt(await work.push('moving comes')));
    entries = entries.map((one) =>
      one.startsWith('name: moving') ? 'name: moving, path: apps/moving, target: other' : one,
    );
    work.write({
      'holdfast.yaml': config(...entries).replace(
        '{ target: sandbox, namespace: default, name: moving',
        '{ namespace: default, name: moving',
      ),
    });
    work.remove('apps/moving/moving-2.yaml');
    const mark = server.events.mark();
    const head = await work.push('moving goes');
    await server.api.until('moving', 'at the other target', (app) => app.target === 'other' && settledAt(head)(app));
    expect(await Promise.all(names('moving', 3).map(exists))).toEqual([true, true, true]);
    const left = server.events.since(mark).find((event) => event.event === 'objects-left');
    expect(left).toMatchObject({ app: 'moving', data: { target: 'sandbox', objects: 3 } });
    entries = entries.filter((one) => !one.startsWith('name: moving'));
    await reconfigure('moving is gone');
  });

  test('an invalid holdfast.yaml is refused wholly, and status says what stays in force', async () => {
    const good = work.read('holdfast.yaml');
    const inForce = await git(work.directory, 'rev-parse', 'HEAD');
    work.write({ 'holdfast.yaml': `${good}targetz: {}\n`, 'apps/steady/steady.yaml': configMap('steady', '2') });
    await work.push('typo');
    const problems = await eventually(async () => (await server.api.status()).problems);
    expect(problems.join('\n')).toMatch(
      new RegExp(`holdfast\\.yaml:\\d+:\\d+ .*targetz.*${inForce.slice(0, 8)} stays in force`, 's'),
    );
    expect(await value('steady')).toBe('1');
    work.write({ 'holdfast.yaml': good });
    await server.api.until('steady', 'recovered', settledAt(await work.push('typo mended')));
    expect((await server.api.status()).problems).toBeUndefined();
    expect(await value('steady')).toBe('2');
  });

  test('of five quick pushes the last one wins', async () => {
    let head = '';
    for (let i = 4; i <= 8; i += 1) {
      work.write({ 'apps/web/web.yaml': deployment('web', i) });
      head = await work.push(`${i} replicas`);
    }
    await server.api.until('web', 'applied', settledAt(head));
    expect(await replicas('web')).toBe(8);
    const ids = (await runsOf('web')).map((run) => run.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('a force-push applies the new head once', async () => {
    await git(work.directory, 'reset', '-q', '--hard', 'HEAD~2');
    work.write({ 'apps/web/web.yaml': deployment('web', 1) });
    const head = await work.push('history rewritten', '--force');
    await server.api.until('web', 'applied', settledAt(head));
    expect(await replicas('web')).toBe(1);
  });

  test('a deleted branch changes nothing; when it is back, it is followed again', async () => {
    await git(work.directory, 'push', '-q', 'origin', ':main');
    const problems = await eventually(async () => (await server.api.status()).problems);
    expect(problems.join('\n')).toMatch(/no commits yet|no branch/);
    expect(await replicas('web')).toBe(1);
    work.write({ 'apps/web/web.yaml': deployment('web', 2) });
    await server.api.until('web', 'applied', settledAt(await work.push('branch is back')));
    await eventually(async () => (await server.api.status()).problems === undefined);
  });

  test('an application that always fails does not keep another waiting', async () => {
    entries.push(entry('failing'));
    work.write({
      'holdfast.yaml': config(...entries),
      'apps/failing/no.yaml': 'apiVersion: nowhere.io/v1\nkind: Nothing\nmetadata: { name: no }\n',
    });
    await work.push('a failing application');
    await server.api.until('failing', 'failed', (app) => app.lastRun !== null && app.sync === 'OutOfSync');
    work.write({ 'apps/steady/steady.yaml': configMap('steady', '3') });
    await server.api.until('steady', 'applied', settledAt(await work.push('steady goes on')), 3_000);
    expect(await value('steady')).toBe('3');
  });

  test('pushing to another name makes a repository, and does not ring for the root', async () => {
    const mark = server.events.mark();
    await git(work.directory, 'push', '-q', `${server.ready.git}/another.git`, 'HEAD:main');
    const other = await Work.clone(`${server.ready.git}/another.git`, dataDir);
    expect(other.read('holdfast.yaml')).toBe(work.read('holdfast.yaml'));
    expect(server.events.since(mark).filter((event) => event.event === 'revision')).toEqual([]);
  });

  test('a change by hand is reported and left alone where nobody asked for healing, until a person does', async () => {
    const app = await server.api.until('drifting', 'drifted', (one) => one.message.startsWith('Drift'), 15_000);
    expect(app).toMatchObject({ sync: 'OutOfSync', health: 'Healthy' });
    expect(app.message).toMatch(/ConfigMap\/default\/drifting data\.value changed by kubectl-edit/);
    const reports = server.events.all.filter((event) => event.event === 'drift-report' && event.app === 'drifting');
    expect(reports).toHaveLength(1);
    expect(await value('drifting')).toBe('7');
    await server.api.call('POST', '/apps/drifting/sync', {});
    await server.api.until('drifting', 'synced', settledAt());
    expect(await value('drifting')).toBe('1');
  });

  test('a change by hand is reported with its owner, as an event, and put back where healing is wanted', async () => {
    await eventually(async () => (await replicas('healing')) === 2, { within: 15_000, what: 'the heal' });
    await server.api.until('healing', 'healed', (app) => settledAt()(app) && app.lastRun?.trigger === 'drift');
    const events = server.events.all.filter((event) => event.app === 'healing');
    const report = events.findIndex((event) => event.event === 'drift-report');
    expect(events[report]?.data).toMatchObject({
      source: 'holdfast',
      'detail-type': 'Holdfast Drift Report',
      detail: { app: 'healing', items: [{ subject: 'Deployment/default/healing', owner: 'kubectl-edit' }] },
    });
    expect(report).toBeLessThan(events.findIndex((event) => event.message === 'healing (drift)'));
    expect(events.filter((event) => event.event === 'drift-report')).toHaveLength(1);
  });
});
