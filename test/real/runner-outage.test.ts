// A whole server when its real cluster goes away, cuts its connections in the middle of an apply, or does not know it any more.
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunnerEvent } from '../../lib/runtime/home.ts';
import { type ControlPlane, startControlPlane } from '../support/cluster/control-plane.ts';
import { dataDirectory, removeDir, type Running, settledAt, up, Work } from '../support/server.ts';
import { kubectl } from '../support/real/kubectl.ts';

/** The way to a port, which can be closed: then connections are cut and new ones are refused. */
interface Line {
  readonly port: number;
  down(): void;
  up(): void;
  close(): Promise<void>;
}

async function lineTo(port: number): Promise<Line> {
  const sockets = new Set<Socket>();
  let open = true;
  const server = createServer((near) => {
    if (!open) return void near.resetAndDestroy();
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    down: () => {
      open = false;
      cut();
    },
    up: () => (open = true),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}

const within = 40_000;
const noAnswer = /The cluster at https:\S+ does not answer \(ECONN/;
const count = 120;
const config = [
  'version: 1',
  'targets: { cluster: { kubeconfig: {} } }',
  'defaults: { sync: { auto: true, prune: true } }',
  'apps:',
  '  - { name: app, path: app, target: cluster, namespace: default }',
  '',
].join('\n');
const files = (value: string): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `app/${i}.yaml`,
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: many-${i} }\ndata: { value: "${value}" }\n`,
    ]),
  );

let plane: ControlPlane;
let line: Line;
let dataDir: string;
let kubeconfig: string;
let good: string;
let server: Running;
let work: Work;

beforeAll(async () => {
  plane = await startControlPlane();
  line = await lineTo(Number(new URL(plane.url).port));
  dataDir = dataDirectory();
  kubeconfig = join(dataDir, 'kubeconfig');
  good = readFileSync(plane.kubeconfig, 'utf8').replace(plane.url, `https://127.0.0.1:${line.port}`);
  writeFileSync(kubeconfig, good);
  server = await up({ dataDir, args: ['--no-examples', '--kubeconfig', kubeconfig] });
  work = await Work.clone(`${server.ready.git}/demo.git`, dataDir);
  work.write({ 'holdfast.yaml': config, ...files('first') });
  await server.api.until('app', 'first', settledAt(await work.push('first')), within);
}, 120_000);

afterAll(async () => {
  await server?.kill('SIGKILL');
  await line?.close();
  await plane?.stop();
  removeDir(dataDir);
});

beforeEach(() => {
  line.up();
  writeFileSync(kubeconfig, good);
});

/** How many of the objects have a value, straight from the cluster. */
async function having(value: string): Promise<number> {
  const path = '{range .items[*]}{.data.value}{"\\n"}{end}';
  const { stdout } = await kubectl(plane.kubeconfig, ['get', 'configmaps', '-n', 'default', '-o', `jsonpath=${path}`]);
  return stdout.split('\n').filter((one) => one === value).length;
}

/** Nothing but time is needed once the cluster is back. */
async function recovers(head: string, value: string): Promise<void> {
  await server.api.until('app', `applied: ${value}`, settledAt(head), within);
  expect(await having(value)).toBe(count);
  expect((await server.api.app('app')).message).not.toMatch(noAnswer);
}

describe('a server and a cluster that fails it', () => {
  test('away during a push: status says so, and the push is applied when it is back', async () => {
    line.down();
    work.write(files('away'));
    const head = await work.push('away');
    const failed = await server.api.until('app', 'failed', (app) => noAnswer.test(app.message), within);
    expect(failed.appliedRevision).not.toBe(head);
    // The next try is counted from its end: its time is not that of the question.
    const { durationMs = 0, cost } = failed.lastRun ?? {};
    expect(durationMs).toBeGreaterThan((cost?.ms.observe ?? Infinity) / 2);
    line.up();
    await recovers(head, 'away');
  });

  test('connections cut in the middle of an apply: the rest is written when it is back', async () => {
    const mark = server.events.mark();
    work.write(files('cut'));
    const head = await work.push('cut');
    const isObject = (event: RunnerEvent): boolean => event.event === 'object';
    await server.events.next(mark, 'the first object', isObject, within);
    line.down();
    const done = await having('cut');
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(count);
    line.up();
    await recovers(head, 'cut');
  });

  test('credentials refused: status says so, and a new token in the file is enough', async () => {
    writeFileSync(kubeconfig, good.replace(plane.adminToken, 'not-the-token'));
    line.down();
    work.write(files('refused'));
    const head = await work.push('refused');
    await server.api.until('app', 'away', (app) => noAnswer.test(app.message), within);
    line.up();
    await server.kill('SIGTERM');
    server = await up({ dataDir, args: ['--no-examples', '--kubeconfig', kubeconfig] });
    const failed = await server.api.until(
      'app',
      'refused',
      (app) => /credentials|Unauthorized/i.test(app.message),
      within,
    );
    expect(failed.message).not.toContain('not-the-token');
    expect(await having('refused')).toBe(0);
    writeFileSync(kubeconfig, good);
    await recovers(head, 'refused');
  });
});
