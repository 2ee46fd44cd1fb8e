// POST /events on a real server.
import { expect, it } from 'vitest';
import { webUnderTest } from '../support/web.ts';

const repository = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop';
const event = (id = 'e1', tag = '1.4.0'): object => ({
  id,
  source: 'aws.ecr',
  'detail-type': 'ECR Image Action',
  account: '111122223333',
  region: 'eu-west-1',
  detail: { 'action-type': 'PUSH', result: 'SUCCESS', 'repository-name': 'shop', 'image-tag': tag },
});
const views = { imageFollowers: async (name: string) => (name === repository ? ['root', 'team-a'] : []) };

it('hints every repository that follows the image, durably, and rings', async () => {
  const { call, store, queue, clock } = await webUnderTest({ views });
  expect(await call('POST', '/events', { body: event() })).toMatchObject({
    status: 202,
    body: { status: 'accepted', repositories: ['root', 'team-a'] },
  });
  const reason = { kind: 'image', at: clock.now(), note: `${repository}:1.4.0` };
  for (const alias of ['root', 'team-a'])
    expect(await store.read(`repo/${alias}`)).toMatchObject({ wanted: 1, reasons: [reason] });
  expect((await queue.receive('source', 10, 1000)).map(({ body }) => body)).toEqual(['repo/root', 'repo/team-a']);
});

it('takes the same event once', async () => {
  const { call, store, queue } = await webUnderTest({ views });
  for (let i = 0; i < 3; i += 1) expect((await call('POST', '/events', { body: event() })).status).toBe(202);
  expect((await store.read('repo/root'))?.wanted).toBe(1);
  expect(await queue.receive('source', 10, 1000)).toHaveLength(2);
  await call('POST', '/events', { body: event('e2') });
  expect((await store.read('repo/root'))?.wanted).toBe(2);
});

it('says what it ignores, and keeps nothing of it', async () => {
  const { call, store } = await webUnderTest();
  expect(await call('POST', '/events', { body: event() })).toMatchObject({ status: 202, body: { status: 'ignored' } });
  const other = { ...event(), source: 'aws.codecommit' };
  expect(await call('POST', '/events', { body: other })).toMatchObject({
    status: 202,
    body: { reason: expect.any(String) },
  });
  expect(await store.list('')).toEqual([]);
});

it.each([
  ['{', 400],
  ['[]', 400],
  [JSON.stringify(event('e1', '1.0"')), 400],
  [`{"pad":"${'x'.repeat(300_000)}"}`, 413],
])('refuses %.40s', async (body, status) => {
  const { call, store } = await webUnderTest({ views });
  expect((await call('POST', '/events', { body })).status).toBe(status);
  expect(await store.list('')).toEqual([]);
});
