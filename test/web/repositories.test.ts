// The followed repository through the API: read, written, refused.
import { expect, test } from 'vitest';
import type { Repositories, RepositorySettings } from '../../lib/web/options.ts';
import { webUnderTest } from '../support/web.ts';

function kept(fixed?: RepositorySettings): Repositories {
  let settings = fixed;
  return {
    fixed: fixed !== undefined,
    get: async () => settings,
    set: async (given) => void (settings = given),
  };
}
const path = '/api/repositories/root';
const body = { url: 'https://github.com/team/platform.git', branch: 'main' };

test('connected: kept, said, and looked at', async () => {
  const web = await webUnderTest({ options: { repositories: kept() } });
  expect((await web.call('GET', path)).body).toMatchObject({ code: 'RepositoryMissing' });
  expect(await web.call('PUT', path, { body })).toMatchObject({ status: 200, body: { alias: 'root', branch: 'main' } });
  expect(await web.call('GET', path)).toMatchObject({ status: 200, body: { ...body } });
  expect((await web.store.read('repo/root'))?.wanted).toBe(1);
  expect(await web.queue.receive('source', 1, 1_000)).toHaveLength(1);
});

test.each([
  ['a URL with a token', { ...body, url: 'https://x:hunter22@github.com/a/b.git' }],
  ['SSH', { ...body, url: 'git@github.com:a/b.git' }],
  ['a branch that is none', { ...body, branch: 'a..b' }],
  ['an unknown member', { ...body, token: 'x' }],
  ['a host that is none', { ...body, host: 'githup' }],
])('%s is refused and nothing is kept', async (_name, wrong) => {
  const repositories = kept();
  const web = await webUnderTest({ options: { repositories } });
  const answer = await web.call('PUT', path, { body: wrong });
  expect(answer.status).toBe(400);
  expect(JSON.stringify(answer.body)).not.toContain('hunter22');
  expect(await repositories.get()).toBeUndefined();
});

test('what the stack was deployed with is changed where it is deployed', async () => {
  const web = await webUnderTest({ options: { repositories: kept({ v: 1, ...body }) } });
  expect(await web.call('PUT', path, { body: { ...body, branch: 'other' } })).toMatchObject({
    status: 409,
    body: { code: 'RepositoryFixed' },
  });
  expect((await web.call('PUT', path, { body })).status).toBe(200);
});
