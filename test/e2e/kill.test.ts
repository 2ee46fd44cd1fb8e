// Killed at any moment and started again with the same data directory, Holdfast carries on: nothing is lost, and nothing done twice.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { git } from '../support/git.ts';
import { seededRandom } from '../support/random.ts';
import { at, dataDirectory, live, removeDir, type Running, settledAt, up, Work } from '../support/server.ts';

const apps = ['one', 'two', 'three'];
const count = 20;
const args = ['--no-examples'];
const objects = (app: string): string[] => Array.from({ length: count }, (_, i) => `${app}-${i}`);

const config = [
  'version: 1',
  'targets: { sandbox: { sandbox: {} } }',
  'apps:',
  ...apps.map((app) => `  - { name: ${app}, path: apps/${app}, target: sandbox, namespace: default }`),
  '',
].join('\n');
const contents = (value: number): Record<string, string> =>
  Object.fromEntries(
    apps.flatMap((app) =>
      objects(app).map((name) => [
        `apps/${app}/${name}.yaml`,
        `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { value: "${value}" }\n`,
      ]),
    ),
  );

let dataDir: string;
let server: Running;
let work: Work;

beforeAll(async () => {
  dataDir = dataDirectory();
  server = await up({ dataDir, args });
  work = await Work.clone(`${server.ready.git}/demo.git`, dataDir);
  work.write({ 'holdfast.yaml': config });
});

afterAll(async () => {
  await server.kill('SIGKILL');
  removeDir(dataDir);
});

interface Seen {
  /** Values of the live objects, each once. */
  readonly values: readonly unknown[];
  /** Successful runs of the head, and ids that stand twice in history. */
  readonly succeeded: number;
  readonly doubled: number;
}

const allAt = (value: number): Record<string, Seen> =>
  Object.fromEntries(apps.map((app) => [app, { values: [String(value)], succeeded: 1, doubled: 0 }]));

/** Starts again, waits for the head everywhere, and says what the cluster and the history say. */
async function carriedOn(head: string): Promise<Record<string, Seen>> {
  server = await up({ dataDir, args });
  for (const app of apps) await server.api.until(app, `at ${head}`, settledAt(head), 15_000);
  const hand = await server.hand();
  const seen: Record<string, Seen> = {};
  for (const app of apps) {
    const found = await Promise.all(objects(app).map((name) => live(hand, 'configmap', name, 'default')));
    const { body } = await server.api.call('GET', `/apps/${app}/history?limit=100`);
    const { runs } = body as unknown as { runs: { id: string; revision: string; outcome: string }[] };
    seen[app] = {
      values: [...new Set(found.map((object) => at(object, 'data', 'value')))],
      succeeded: runs.filter((run) => run.revision === head && run.outcome === 'succeeded').length,
      doubled: runs.length - new Set(runs.map((run) => run.id)).size,
    };
  }
  hand.close();
  return seen;
}

describe('kills', { shuffle: false }, () => {
  test.for([
    [1, 'at the first object of the first sync', 'object', 0],
    [2, 'when the revision was seen', 'revision', 0],
    [3, 'when a run started', 'run-started', 0],
    [4, 'in the middle of the writes', 'object', 25],
    [5, 'when a run ended', 'run-ended', 0],
  ] as const)('%i: %s', async ([value, , event, nth]) => {
    const mark = server.events.mark();
    work.write(contents(value));
    const head = await work.push(`value ${value}`);
    await eventually(() => server.events.since(mark).filter((one) => one.event === event).length > nth, { every: 1 });
    await server.kill('SIGKILL');
    expect(await carriedOn(head)).toEqual(allAt(value));
  });

  test('while a push is on its way, at a moment that differs each time', async () => {
    const random = seededRandom(Date.now());
    const wait = random() * 300;
    work.write(contents(6));
    const head = await work.commit('value 6');
    const began = performance.now();
    const pushed = git(work.directory, 'push', '-q', 'origin', 'HEAD:main').catch(() => undefined);
    await eventually(() => performance.now() - began > wait, { every: 1 });
    await server.kill('SIGKILL');
    await pushed;
    server = await up({ dataDir, args });
    await git(work.directory, 'push', '-q', 'origin', 'HEAD:main');
    await server.kill('SIGKILL');
    expect(await carriedOn(head)).toEqual(allAt(6));
  });

  test('what was made before the kills is still known: it is pruned when Git drops it', async () => {
    work.remove(...apps.flatMap((app) => [`apps/${app}/${app}-0.yaml`, `apps/${app}/${app}-13.yaml`]));
    const head = await work.push('two of each less');
    for (const app of apps) await server.api.until(app, 'applied', settledAt(head));
    const hand = await server.hand();
    for (const app of apps) {
      const there = await Promise.all(objects(app).map((name) => live(hand, 'configmap', name, 'default')));
      expect(there.flatMap((object, i) => (object === undefined ? [i] : []))).toEqual([0, 13]);
    }
    hand.close();
  });
});
