// The api function behind its Function URL: who may call was asked by IAM before, and the routes are those of one machine.
import { describe, expect, it } from 'vitest';
import { memoryBlobs } from '../../../lib/adapters/blob/memory.ts';
import { memoryQueue } from '../../../lib/adapters/queue/memory.ts';
import { memoryStore } from '../../../lib/adapters/store/memory.ts';
import type { FailedEvents } from '../../../lib/adapters/queue/sqs-events.ts';
import { HoldfastError } from '../../../lib/core/errors.ts';
import type { Json } from '../../../lib/core/json.ts';
import { ecrPushEvent } from '../../../lib/core/trigger/ecr.ts';
import type { Store } from '../../../lib/core/reconcile/store.ts';
import { openApi } from '../../../lib/runtime/lambda/api.ts';
import { readUrlEvent } from '../../../lib/runtime/lambda/url-event.ts';
import type { RootSettings } from '../../../lib/runtime/root-settings.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { testBench, urlEvent, type UrlRequest } from '../../support/lambda.ts';

const root: RootSettings = { v: 1, url: 'https://github.com/acme/shop.git', branch: 'main' };
const caller = {
  accountId: '111122223333',
  userArn: 'arn:aws:iam::111122223333:user/ada',
  userId: 'AID',
  callerId: 'AID',
};

/** Events in their queue, each with its id. */
function failedEventsOf(events: Readonly<Record<string, Json>>): FailedEvents {
  const left = new Map(Object.entries(events));
  return {
    list: async (limit) =>
      [...left].slice(0, limit).map(([id, event]) => {
        const body = JSON.stringify(event);
        return { id, queue: 'events', body, reason: 'image: it failed', at: 5, attempts: 3 };
      }),
    redrive: async (id, again) => {
      const event = left.get(id);
      if (event === undefined) return undefined;
      const said = await again(event);
      left.delete(id);
      return said;
    },
  };
}

interface Given {
  readonly fixed?: RootSettings;
  readonly broken?: Partial<Store>;
  readonly events?: Readonly<Record<string, Json>>;
}

function api({ fixed, broken = {}, events = {} }: Given = {}) {
  const clock = fakeClock();
  const store = { ...memoryStore({ clock }), ...broken };
  const queue = memoryQueue({ clock });
  const { bench, lines } = testBench();
  const answer = openApi(bench, {
    store,
    blobs: memoryBlobs(),
    queue,
    fixed,
    failedEvents: failedEventsOf(events),
    accounts: [caller.accountId],
    now: clock.now,
  });
  const call = async (method: string, path: string, given: UrlRequest = {}) => {
    const event = urlEvent({ method, path, iam: caller, ...given });
    const { statusCode, body = '', headers = {} } = await answer(readUrlEvent(event));
    return { status: statusCode, headers, body: JSON.parse(body === '' ? '{}' : body) as Record<string, unknown> };
  };
  const put = async (settings: object) =>
    await call('PUT', '/api/repositories/root', {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(settings),
    });
  return { store, queue, answer, call, put, lines };
}

describe('what is asked', () => {
  it('is answered as on one machine', async () => {
    const { call } = api({ fixed: root });
    const answer = await call('GET', '/api/status');
    expect(answer).toMatchObject({ status: 200, body: { schemaVersion: 1, apps: [] } });
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  });

  it('says that no repository is connected while none is', async () => {
    const { call, put } = api();
    expect((await call('GET', '/api/status')).body['problems']).toEqual([
      'No repository is connected: holdfast connect URL',
    ]);
    await put({ url: root.url, branch: 'main' });
    expect((await call('GET', '/api/status')).body['problems']).toBeUndefined();
  });

  it('is the same whoever asks: IAM has decided that', async () => {
    const { call } = api({ fixed: root });
    const asked = await Promise.all(
      [caller, undefined, { userArn: 5 }].map(async (iam) => await call('GET', '/api/status', { iam: iam ?? {} })),
    );
    expect(new Set(asked.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it('takes a query string', async () => {
    const { call } = api({ fixed: root });
    expect(await call('GET', '/api/dlq', { query: 'limit=5' })).toMatchObject({ status: 200, body: { letters: [] } });
    expect(await call('GET', '/api/dlq', { query: 'limit=x' })).toMatchObject({ status: 400 });
  });

  it.each([
    ['GET', '/'],
    ['GET', '/api/nothing'],
    ['POST', '/webhook/root'],
    ['DELETE', '/api/repositories/root'],
  ])('%s %s is nowhere here', async (method, path) => {
    const { call, lines } = api({ fixed: root });
    expect(await call(method, path)).toMatchObject({ status: 404, body: { code: 'RouteUnknown' } });
    expect(lines()).toEqual([]);
  });

  it('of an application that nobody knows is said', async () => {
    const { call } = api({ fixed: root });
    expect(await call('GET', '/api/apps/shop')).toMatchObject({ status: 404, body: { code: 'AppUnknown' } });
  });

  it('while the store does not answer is answered so, and logged with its reason', async () => {
    const broken = {
      list: async () => {
        const said = { message: 'The store does not answer', reason: 'dynamodb:Query: timeout', retryable: true };
        throw new HoldfastError({ code: 'StoreUnavailable', source: 'remote', ...said });
      },
    };
    const { call, lines } = api({ fixed: root, broken });
    expect(await call('GET', '/api/status')).toMatchObject({ status: 503, body: { code: 'StoreUnavailable' } });
    const failure = expect.objectContaining({ code: 'StoreUnavailable', reason: 'dynamodb:Query: timeout' });
    expect(lines()).toEqual([expect.objectContaining({ level: 'ERROR', route: 'GET /api/status', failure })]);
  });
});

describe('the root repository', () => {
  it('is connected, kept and rung for', async () => {
    const { call, put, store, queue } = api();
    expect(await call('GET', '/api/repositories/root')).toMatchObject({ status: 404 });
    const document = { schemaVersion: 1, alias: 'root', url: root.url, branch: 'main' };
    expect(await put({ url: root.url, branch: 'main' })).toMatchObject({ status: 200, body: document });
    expect(await call('GET', '/api/repositories/root')).toMatchObject({ status: 200, body: document });
    expect(await store.getValue('root')).toEqual(root);
    expect(await queue.receive('source', 10, 1_000)).toMatchObject([{ body: 'repo/root' }]);
  });

  it('of a stack that was deployed for one stays that one', async () => {
    const { put, store } = api({ fixed: root });
    expect(await put({ url: root.url, branch: 'main' })).toMatchObject({ status: 200 });
    const answer = await put({ url: 'https://github.com/acme/other.git', branch: 'main' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'RepositoryFixed' } });
    expect(await store.getValue('root')).toBeUndefined();
  });

  it.each([{ url: 5 }, { url: root.url, branch: '..' }, { url: root.url, branch: 'main', secretArn: 'x' }, []])(
    'is not what cannot be one: %j',
    async (...[settings]) => {
      const { put, store, queue } = api();
      expect((await put(settings ?? [])).status).toBe(400);
      expect(await store.getValue('root')).toBeUndefined();
      expect(await queue.receive('source', 10, 1_000)).toEqual([]);
    },
  );

  it('is taken as Base64, and not as a form', async () => {
    const { call } = api();
    const body = JSON.stringify({ url: root.url, branch: 'main' });
    const path = '/api/repositories/root';
    const headers = { 'Content-Type': 'application/json' };
    expect(await call('PUT', path, { headers, body, base64: true })).toMatchObject({ status: 200 });
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    expect(await call('PUT', path, { headers: form, body })).toMatchObject({ status: 415 });
  });
});

describe('events that a function failed on', () => {
  const image = `${caller.accountId}.dkr.ecr.eu-west-1.amazonaws.com/shop`;
  const push = ecrPushEvent({
    account: caller.accountId,
    region: 'eu-west-1',
    repository: 'shop',
    tag: '1.2.3',
    digest: `sha256:${'a'.repeat(64)}`,
    id: 'event-1',
    at: 1_700_000_000_000,
  });
  const commit = {
    source: 'aws.codecommit',
    'detail-type': 'CodeCommit Repository State Change',
    account: caller.accountId,
    region: 'eu-west-1',
    id: 'event-2',
    detail: {
      event: 'referenceUpdated',
      repositoryName: 'shop',
      referenceType: 'branch',
      referenceFullName: 'refs/heads/main',
      commitId: '4a1f6b1d0f3c2e5a7b9c8d7e6f5a4b3c2d1e0f9a',
    },
  };
  const codecommit = 'https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop';
  const stack = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/network/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f';
  const ended = {
    source: 'aws.cloudformation',
    'detail-type': 'CloudFormation Stack Status Change',
    account: caller.accountId,
    region: 'eu-west-1',
    id: 'event-3',
    detail: {
      'stack-id': stack,
      'client-request-token': 'hf-0123456789abcdef-1',
      'status-details': { status: 'UPDATE_COMPLETE' },
    },
  };

  it('are listed with the messages', async () => {
    const { call, queue } = api({ fixed: root, events: { e1: push } });
    await queue.send('source', 'poison');
    const [poison] = await queue.receive('source', 1, 1_000);
    if (poison !== undefined) await queue.bury(poison, 'not the key of a row');
    const { body } = await call('GET', '/api/dlq');
    expect(body['letters']).toMatchObject([
      { queue: 'source', body: 'poison' },
      { id: 'e1', queue: 'events', body: JSON.stringify(push), reason: 'image: it failed', attempts: 3 },
    ]);
    expect((await call('GET', '/api/dlq', { query: 'limit=1' })).body['letters']).toHaveLength(1);
  });

  it('ring for what they are about, once', async () => {
    const fixed = { ...root, url: codecommit };
    const { call, store, queue } = api({ fixed, events: { e1: push, e2: commit, e3: ended } });
    await store.setFollows('root', [image]);
    await store.setValue('owner/0123456789abcdef', 'root/network', undefined);
    const redrive = async (id: string) => await call('POST', `/api/dlq/${id}/redrive`);
    const done = { schemaVersion: 1, event: true };
    expect(await redrive('e1')).toMatchObject({ status: 202, body: { ...done, message: 'sent again: root' } });
    expect(await queue.receive('source', 10, 1_000)).toMatchObject([{ body: 'repo/root' }]);
    expect(await redrive('e2')).toMatchObject({ status: 202, body: { ...done, message: 'sent again' } });
    expect((await store.read('repo/root'))?.reasons.map(({ kind }) => kind)).toEqual(['image', 'push']);
    expect(await redrive('e3')).toMatchObject({ status: 202, body: { ...done, message: 'sent again: root/network' } });
    expect(await queue.receive('reconcile', 10, 1_000)).toMatchObject([{ body: 'app/root/network' }]);
    expect(await redrive('e3')).toMatchObject({ status: 404, body: { code: 'DeadLetterUnknown' } });
  });

  it.each([
    ['a tick: the next one did the same', { source: 'aws.scheduler' }, /next tick/],
    ['a notice', { source: 'holdfast' }, /holdfast history/],
    ['an event of another account', { ...push, account: '999988887777' }, /no repository follows/],
    ['an event that cannot be used', { ...push, detail: 'x' }, /cannot be used/],
    ['a push that is not followed', commit, /is not followed/],
    ['a stack that is not ours', ended, /no application of ours/],
    ['anything else', [5], /none of the events/],
  ])('are removed when they are %s', async (_what, event, why) => {
    const { call, queue } = api({ fixed: root, events: { e1: event } });
    const answer = await call('POST', '/api/dlq/e1/redrive');
    expect(answer).toMatchObject({ status: 202, body: { event: true, message: expect.stringMatching(why) } });
    expect(answer.body['message']).toMatch(/^removed/);
    expect((await call('GET', '/api/dlq')).body['letters']).toEqual([]);
    expect([...(await queue.receive('source', 9, 1_000)), ...(await queue.receive('reconcile', 9, 1_000))]).toEqual([]);
  });

  it('stay while the store does not answer', async () => {
    const said = { message: 'The store does not answer', retryable: true };
    const followers = async () => {
      throw new HoldfastError({ code: 'StoreUnavailable', source: 'remote', ...said });
    };
    const { call } = api({ fixed: root, broken: { followers }, events: { e1: push } });
    expect(await call('POST', '/api/dlq/e1/redrive')).toMatchObject({ status: 503 });
    expect((await call('GET', '/api/dlq')).body['letters']).toMatchObject([{ id: 'e1' }]);
  });
});

it('events are streamed on one machine only: here the stream ends at once', async () => {
  const { answer } = api({ fixed: root });
  const event = readUrlEvent(urlEvent({ path: '/api/events', iam: caller }));
  expect(await answer(event)).toMatchObject({ statusCode: 200, headers: { 'content-type': 'text/event-stream' } });
});
