// The first minutes of a person: start, first sync, a stop and a start, images, rollback; every kind of doorbell on the way.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileRegistry } from '../../lib/adapters/sandbox/registry/registry.ts';
import type { SandboxHand } from '../../lib/runtime/sandbox-cluster.ts';
import { liveResource } from '../../lib/runtime/sandbox-stacks.ts';
import { git } from '../support/git.ts';
import { at, cli, dataDirectory, live, removeDir, type Running, settledAt, up, Work } from '../support/server.ts';

const registry = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';

let dataDir: string;
let server: Running;
let hand: SandboxHand;
let work: Work;

beforeAll(async () => {
  dataDir = dataDirectory();
  server = await up({ dataDir });
  hand = await server.hand();
  work = await Work.clone(`${server.ready.git}/demo.git`, dataDir);
});

afterAll(async () => {
  hand.close();
  await server.kill('SIGKILL');
  removeDir(dataDir);
});

interface History {
  readonly runs: readonly { id: string; mode: string; outcome: string; trigger: string; revision: string }[];
}

const deployed = async (...path: readonly (string | number)[]): Promise<unknown> =>
  at(await live(hand, 'deployment', 'web', 'web'), ...path);
const replicas = async (): Promise<unknown> => await deployed('spec', 'replicas');
const history = async (app: string): Promise<History['runs']> => {
  const { body } = await server.api.call('GET', `/apps/${app}/history?limit=100`);
  return (body as unknown as History).runs;
};
const stacksEndpoint = (): string => {
  const file = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as {
    sandbox: { stacksEndpoint: string };
  };
  return file.sandbox.stacksEndpoint;
};
const pushImage = async (image: string): Promise<void> => {
  const event = await fileRegistry(join(dataDir, 'sandbox', 'images')).push(image, Date.now());
  const token = readFileSync(join(dataDir, 'token'), 'utf8').trim();
  const response = await fetch(`${server.ready.git}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(event),
  });
  expect(response.status).toBe(202);
};

describe('the examples', { shuffle: false }, () => {
  test('both applications are Synced and Healthy within 15 s of the start', async () => {
    await server.api.until('web', 'settled', settledAt(), 15_000 - server.startedIn);
    const backend = await server.api.until('backend', 'settled', settledAt(), 10_000);
    expect(await deployed('status', 'readyReplicas')).toBe(2);
    expect(backend).toMatchObject({ sandbox: true, lastRun: { outcome: 'succeeded' } });
  });

  test('a second server on the same data directory is refused', async () => {
    const second = await cli('up', '--json', '--data', dataDir);
    expect(second.code).toBe(2);
    expect(second.stderr).toContain('AlreadyRunning');
  });

  test('webhooks that are unsigned or wrongly signed ring for nothing', async () => {
    const body = JSON.stringify({ ref: 'refs/heads/main', after: 'a'.repeat(40), repository: { full_name: 'x/demo' } });
    const mark = server.events.mark();
    const signed = (secret: string): string => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    for (const headers of [{}, { 'x-hub-signature-256': signed('guessed') }]) {
      const response = await fetch(`${server.ready.webhook}/root`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-github-event': 'push', 'x-github-delivery': '1', ...headers },
        body,
      });
      expect(response.status).toBe(401);
    }
    expect(server.events.since(mark).filter((event) => event.event === 'revision')).toEqual([]);
  });

  test('SIGTERM ends with 130, and the next start goes on at the same address with the same state', async () => {
    const runs = (await history('web')).map((run) => run.id);
    expect(await server.kill('SIGTERM')).toEqual({ code: 130, signal: null });
    const before = server.ready;
    server = await up({ dataDir });
    expect(server.ready).toEqual(before);
    hand.close();
    hand = await server.hand();
    await server.api.until('web', 'settled', settledAt());
    expect((await history('web')).map((run) => run.id)).toEqual(runs);
  });

  test('suspended: a push is seen and not applied, until resume', async () => {
    await server.api.call('POST', '/apps/web/suspend', {});
    work.edit('apps/web/web.yaml', 'replicas: 2', 'replicas: 4');
    const head = await work.push('four while suspended');
    const waiting = await server.api.until('web', 'out of sync', (app) => app.sync === 'OutOfSync');
    expect(waiting).toMatchObject({ suspended: true, message: expect.stringMatching(/holdfast resume/) as string });
    expect(await replicas()).toBe(2);
    await server.api.call('POST', '/apps/web/resume', {});
    await server.api.until('web', 'applied', settledAt(head));
    expect(await replicas()).toBe(4);
  });

  test('rollback goes back and stays there through a push, resume follows Git again', async () => {
    await server.api.call('POST', '/apps/web/rollback', {});
    const back = await server.api.until('web', 'rolled back', (app) => app.pin !== undefined && settledAt()(app));
    expect(back.message).toMatch(/Rolled back|rolled back/);
    expect(await replicas()).toBe(2);
    work.edit('apps/web/web.yaml', 'replicas: 4', 'replicas: 3');
    const mark = server.events.mark();
    const head = await work.push('three while rolled back');
    await server.events.next(mark, 'the push', (event) => event.event === 'affected');
    expect(await replicas()).toBe(2);
    await server.api.call('POST', '/apps/web/resume', {});
    await server.api.until('web', 'at the head', settledAt(head));
    expect(await replicas()).toBe(3);
  });

  test('an image push becomes one commit and one run of each follower, and starts no loop', async () => {
    const mark = server.events.mark();
    await pushImage(`${registry}/web:1.2.0`);
    await pushImage(`${registry}/backend:1.1.0`);
    await pushImage(`${registry}/web:0.9.0`);
    const commit = await server.events.next(mark, 'the commit', (event) => event.event === 'image-commit');
    const head = await work.pull();
    expect(commit.data).toMatchObject({ revision: head });
    await Promise.all(['web', 'backend'].map((app) => server.api.until(app, 'applied', settledAt(head))));
    const image = ['spec', 'template', 'spec', 'containers', 0, 'image'] as const;
    expect(await deployed(...image)).toBe(`${registry}/web:1.2.0`);
    expect(work.read('holdfast.yaml')).toContain('ImageTag: "1.1.0" # holdfast:image');
    await pushImage(`${registry}/web:1.1.0`);
    for (const app of ['web', 'backend'])
      expect(
        (await history(app)).filter((run) => run.revision === head),
        `runs of ${app}`,
      ).toHaveLength(1);
    expect(server.events.since(mark).filter((event) => event.event === 'image-commit')).toHaveLength(1);
    expect(await git(work.directory, 'log', '-1', '--format=%an')).toBe('Holdfast');
  });

  test('a stack parameter changed in Git reaches the stack', async () => {
    work.edit('holdfast.yaml', 'RetentionSeconds: "86400"', 'RetentionSeconds: "172800"');
    const head = await work.push('two days');
    const app = await server.api.until('backend', 'applied', settledAt(head));
    expect(app.lastRun).toMatchObject({ outcome: 'succeeded', trigger: 'push' });
    const queue = await liveResource(stacksEndpoint(), 'backend', 'Queue');
    expect(Number(at(queue, 'properties', 'MessageRetentionPeriod'))).toBe(172_800);
  });

  test('a renamed stack application keeps its stack', async () => {
    const before = await liveResource(stacksEndpoint(), 'backend', 'Queue');
    work.edit('holdfast.yaml', 'name: backend\n    path', 'name: queueing\n    movedFrom: backend\n    path');
    const head = await work.push('backend is called queueing');
    const app = await server.api.until('queueing', 'settled', settledAt(head));
    expect(app.lastRun).toMatchObject({ outcome: 'succeeded' });
    const after = await liveResource(stacksEndpoint(), 'backend', 'Queue');
    expect(at(after, 'physicalId')).toBe(at(before, 'physicalId') ?? 'no id');
    expect(at(after, 'tags', 'holdfast.dev/app')).toBe('queueing');
  });
});
