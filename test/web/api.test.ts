// The API on a real server: who may call it, what a person's word does, and what a wrong one gets.
import { expect, it } from 'vitest';
import { HoldfastError } from '../../lib/core/errors.ts';
import { createWeb } from '../../lib/web/web.ts';
import type { WebOptions } from '../../lib/web/options.ts';
import { TOKEN, webUnderTest, type WebUnderTest } from '../support/web.ts';

const apps = [
  { id: 'root/shop', name: 'shop' },
  { id: 'root/network', name: 'network' },
  { id: 'root/edge@eu', name: 'edge@eu' },
  { id: 'root/edge@us', name: 'edge@us' },
];

/** Every route that there is: the table is read from the router, so a new route cannot be forgotten. */
function routesOf(): readonly { readonly method: string; readonly path: string }[] {
  const web = createWeb({ token: 'x', now: () => 0 } as unknown as WebOptions);
  const seen = new Map(
    web.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => [`${method} ${path}`, { method, path }]),
  );
  return [...seen.values()];
}

const open = ['GET /healthz', 'POST /webhook/:alias'];

it('has the routes that scripts and the command line rely on', () => {
  expect(
    routesOf()
      .map(({ method, path }) => `${method} ${path}`)
      .sort(),
  ).toEqual(
    [
      'GET /healthz',
      'POST /webhook/:alias',
      'POST /events',
      'GET /api/status',
      'GET /api/drift',
      'GET /api/apps/:name',
      'GET /api/apps/:alias/:name',
      'GET /api/apps/:alias/:name/history',
      'GET /api/apps/:alias/:name/drift',
      ...['sync', 'suspend', 'resume', 'rollback'].map((verb) => `POST /api/apps/:alias/:name/${verb}`),
      'GET /api/apps/:name/history',
      'GET /api/apps/:name/drift',
      'POST /api/apps/:name/sync',
      'POST /api/apps/:name/suspend',
      'POST /api/apps/:name/resume',
      'POST /api/apps/:name/rollback',
      'GET /api/dlq',
      'POST /api/dlq/:id/redrive',
      'GET /api/events',
    ].sort(),
  );
});

it.each(routesOf().filter(({ method, path }) => !open.includes(`${method} ${path}`)))(
  'refuses $method $path without the token, and with a wrong one',
  async ({ method, path }) => {
    const { call, store, queue } = await webUnderTest({ apps });
    const where = path.replace(':alias', 'root').replace(':name', 'shop').replace(':id', 'm1');
    for (const authorization of [
      '',
      'Bearer ',
      'Bearer wrong',
      `Basic ${TOKEN}`,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      `Bearer ${TOKEN.slice(0, -1)}`,
      `Bearer ${TOKEN}${TOKEN}`,
      'Bearer undefined',
    ]) {
      const answer = await call(method, where, { headers: { authorization } });
      expect(answer).toMatchObject({ status: 401, body: { code: 'ApiUnauthorized', hint: expect.any(String) } });
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    }
    expect(await store.list('')).toEqual([]);
    expect(await queue.receive('reconcile', 10, 1000)).toEqual([]);
  },
);

it('refuses everybody when the token is empty', async () => {
  const { call } = await webUnderTest({ apps, options: { token: '' } });
  expect((await call('GET', '/api/status', { headers: { authorization: 'Bearer ' } })).status).toBe(401);
});

it('answers healthz to anybody', async () => {
  const { call } = await webUnderTest();
  expect(await call('GET', '/healthz', { headers: { authorization: '' } })).toMatchObject({
    status: 200,
    body: { status: 'ok' },
  });
});

it('shows all applications, one of them, and all targets of one entry', async () => {
  const { call } = await webUnderTest({ apps });
  const names = async (path: string): Promise<unknown> =>
    ((await call('GET', path)).body['apps'] as { name: string }[]).map(({ name }) => name);
  expect(await names('/api/status')).toEqual(['shop', 'network', 'edge@eu', 'edge@us']);
  expect(await names('/api/apps/shop')).toEqual(['shop']);
  expect(await names(`/api/apps/${encodeURIComponent('root/shop')}`)).toEqual(['shop']);
  expect(await names('/api/apps/edge')).toEqual(['edge@eu', 'edge@us']);
  expect(await names('/api/apps/edge@us/drift')).toEqual(['edge@us']);
  expect(await names('/api/drift')).toHaveLength(4);
});

it('answers with JSON that nobody caches or guesses a type for', async () => {
  const { call } = await webUnderTest({ apps });
  const { headers } = await call('GET', '/api/status');
  expect(headers.get('content-type')).toContain('application/json');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

it.each([
  'GET /api/apps/shpo',
  'GET /api/apps/shpo/drift',
  'GET /api/apps/shpo/history',
  'POST /api/apps/shpo/sync',
  'POST /api/apps/shpo/rollback',
])('suggests a name for %s', async (route) => {
  const { call, store } = await webUnderTest({ apps });
  const [method = '', path = ''] = route.split(' ');
  expect(await call(method, path)).toMatchObject({
    status: 404,
    body: {
      code: 'AppUnknown',
      message: 'There is no application "shpo"; did you mean "shop"?',
      hint: expect.stringContaining('network'),
    },
  });
  expect(await store.list('')).toEqual([]);
});

it.each([
  '%2e%2e',
  '..%2f..%2fetc%2fpasswd',
  '%00',
  '__proto__',
  'constructor',
  '%1b%5b31m',
  'x'.repeat(5000),
  '%E0%A4%A',
])('knows no application %j', async (name) => {
  const { call } = await webUnderTest({ apps });
  const answer = await call('GET', `/api/apps/${name}`);
  expect(answer.status).toBe(404);
  expect(JSON.stringify(answer.body).length).toBeLessThan(1000);
  expect(JSON.stringify(answer.body)).not.toContain('\u001b');
});

it('wants one application for a word that changes something', async () => {
  const { call, store } = await webUnderTest({ apps });
  expect(await call('POST', '/api/apps/edge/sync')).toMatchObject({
    status: 409,
    body: { code: 'AppAmbiguous', hint: 'One of: root/edge@eu, root/edge@us' },
  });
  expect(await store.list('')).toEqual([]);
});

const rowOf = async ({ store }: WebUnderTest, key = 'app/root/shop') => await store.read(key);

it('writes a sync down, clears a pin, looks at the repository too, and rings for both', async () => {
  const web = await webUnderTest({ apps });
  await web.store.intend('app/root/shop', { pin: 'r7' }, { kind: 'manual', at: 1 });
  const answer = await web.call('POST', '/api/apps/shop/sync', { body: {} });
  expect(answer).toMatchObject({
    status: 202,
    body: { schemaVersion: 1, app: 'shop', message: expect.stringMatching('^shop: a run begins') as string },
  });
  expect(await rowOf(web)).toMatchObject({
    wanted: 2,
    intent: { sync: 1 },
    reasons: [{}, { kind: 'manual', note: 'api' }],
  });
  expect((await rowOf(web))?.intent).not.toHaveProperty('pin');
  expect(await rowOf(web, 'repo/root')).toMatchObject({ wanted: 1, reasons: [{ kind: 'manual' }] });
  expect(await web.queue.receive('reconcile', 10, 1000)).toMatchObject([{ body: 'app/root/shop' }]);
  expect(await web.queue.receive('source', 10, 1000)).toMatchObject([{ body: 'repo/root' }]);
});

it('asks for one more sync each time, also after a one-shot apply that wrote none down', async () => {
  const web = await webUnderTest({ apps });
  await web.call('POST', '/api/apps/shop/sync', { body: { prune: true } });
  expect((await rowOf(web))?.intent).toEqual({ sync: 1, prune: true });
  const { lease } = (await web.store.take('app/root/shop', 'me', 1000))!;
  await web.store.release('app/root/shop', lease, { seen: 1, state: { synced: 4 } });
  await web.call('POST', '/api/apps/shop/sync', { body: { prune: false } });
  expect((await rowOf(web))?.intent.sync).toBe(5);
});

it('suspends, says so on a sync, and resumes', async () => {
  const web = await webUnderTest({ apps });
  expect((await web.call('POST', '/api/apps/shop/suspend')).body['message']).toContain('holdfast resume shop');
  expect((await rowOf(web))?.intent).toEqual({ suspended: true });
  expect((await web.call('POST', '/api/apps/shop/sync')).body['message']).toContain('is suspended');
  expect((await web.call('POST', '/api/apps/shop/resume')).status).toBe(202);
  expect((await rowOf(web))?.intent).toEqual({ sync: 1 });
});

it('pins a rollback to a run, and refuses one that is not there', async () => {
  const rollbackChoice = async (_id: string, to: string | undefined) =>
    to === 'r9'
      ? ({ kind: 'none', message: 'shop has no run r9' } as const)
      : ({ kind: 'run', run: to ?? 'r1', revision: '0123456789' } as const);
  const web = await webUnderTest({ apps, views: { rollbackChoice } });
  expect((await web.call('POST', '/api/apps/shop/rollback', { body: { to: 'r3' } })).body['message']).toContain(
    'run r3 (01234567)',
  );
  expect((await rowOf(web))?.intent).toEqual({ pin: 'r3' });
  expect((await web.call('POST', '/api/apps/shop/rollback', { body: {} })).status).toBe(202);
  expect((await rowOf(web))?.intent).toEqual({ pin: 'r1' });
  expect(await web.call('POST', '/api/apps/shop/rollback', { body: { to: 'r9' } })).toMatchObject({
    status: 409,
    body: { code: 'RollbackImpossible', hint: 'holdfast history shop' },
  });
  expect((await rowOf(web))?.wanted).toBe(2);
});

it.each([
  ['/api/apps/shop/sync', '{"prune":', 400],
  ['/api/apps/shop/sync', '[]', 400],
  ['/api/apps/shop/sync', 'null', 400],
  ['/api/apps/shop/sync', '{"prune":"yes"}', 400],
  ['/api/apps/shop/sync', '{"prnue":true}', 400],
  ['/api/apps/shop/suspend', '{"force":true}', 400],
  ['/api/apps/shop/rollback', '{"to":7}', 400],
  ['/api/apps/shop/rollback', '{"to":""}', 400],
  ['/api/apps/shop/sync', `{"prune":${' '.repeat(70_000)}true}`, 413],
])('refuses POST %s with the body %.30s', async (path, body, status) => {
  const web = await webUnderTest({ apps });
  const answer = await web.call('POST', path, { body });
  expect(answer).toMatchObject({ status, body: { code: expect.any(String), message: expect.any(String) } });
  expect(await web.store.list('')).toEqual([]);
});

it('refuses what a plain HTML form can send', async () => {
  const web = await webUnderTest({ apps });
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data'])
    expect(
      (await web.call('POST', '/api/apps/shop/sync', { body: '{}', headers: { 'content-type': type } })).status,
    ).toBe(415);
  expect(await web.store.list('')).toEqual([]);
});

it.each(['0', '-1', '1e9', '99999', 'x', '1.5', ''])('refuses a page of %j', async (limit) => {
  const { call } = await webUnderTest({ apps });
  expect(await call('GET', `/api/apps/shop/history?limit=${limit}`)).toMatchObject({
    status: 400,
    body: { code: 'LimitInvalid' },
  });
});

it('pages history by 50 unless told otherwise', async () => {
  const { call } = await webUnderTest({ apps });
  expect((await call('GET', '/api/apps/shop/history')).body['app']).toBe('root/shop 50');
  expect((await call('GET', '/api/apps/shop/history?limit=3')).body['app']).toBe('root/shop 3');
});

it('lists dead letters and sends one again', async () => {
  const { call, queue } = await webUnderTest({ apps });
  await queue.send('reconcile', 'garbage');
  await queue.bury((await queue.receive('reconcile', 1, 1000))[0]!, 'not the key of a row');
  const { body } = await call('GET', '/api/dlq');
  expect(body).toMatchObject({ schemaVersion: 1, letters: [{ body: 'garbage', reason: 'not the key of a row' }] });
  const { id } = (body['letters'] as { id: string }[])[0]!;
  expect((await call('POST', `/api/dlq/${id}/redrive`, { body: {} })).status).toBe(202);
  expect(await call('POST', `/api/dlq/${id}/redrive`)).toMatchObject({
    status: 404,
    body: { code: 'DeadLetterUnknown' },
  });
  expect(await queue.receive('reconcile', 1, 1000)).toMatchObject([{ body: 'garbage' }]);
});

it('says what is not there, and what may not be done to what is', async () => {
  const { call } = await webUnderTest({ apps });
  expect(await call('GET', '/nothing')).toMatchObject({ status: 404, body: { code: 'RouteUnknown' } });
  expect((await call('DELETE', '/api/apps/shop')).status).toBe(404);
  expect((await call('GET', '/api/apps/shop/sync')).status).toBe(404);
});

it('tells a failing store apart from a mistake of ours, and tells neither’s secrets', async () => {
  const unavailable = new HoldfastError({
    code: 'StoreUnavailable',
    source: 'system',
    message: 'The store does not answer',
    retryable: true,
  });
  const failing = [unavailable, new Error('password=hunter2')];
  const { call, errors } = await webUnderTest({ apps, views: { status: () => Promise.reject(failing.shift()) } });
  const away = await call('GET', '/api/status');
  expect(away).toMatchObject({ status: 503, body: { code: 'StoreUnavailable' } });
  expect(away.headers.get('retry-after')).toBe('5');
  expect(await call('GET', '/api/status')).toMatchObject({
    status: 500,
    body: { code: 'Internal', message: expect.not.stringContaining('hunter2') },
  });
  expect(errors).toHaveLength(2);
});

it.each(['root%2Fedge@eu', 'root/edge@eu', 'edge@eu'])('knows an application as %s', async (name) => {
  const { call, store } = await webUnderTest({ apps });
  expect((await call('POST', `/api/apps/${name}/suspend`, { body: {} })).status).toBe(202);
  expect((await store.read('app/root/edge@eu'))?.intent.suspended).toBe(true);
});
