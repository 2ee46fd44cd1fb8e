import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOfRepository, readCodeCommitEvent } from '../../../lib/core/trigger/codecommit.ts';

const commit = 'a'.repeat(40);
const good = {
  version: '0',
  id: 'e-1',
  'detail-type': 'CodeCommit Repository State Change',
  source: 'aws.codecommit',
  account: '111122223333',
  time: '2026-01-02T03:04:05Z',
  region: 'eu-west-1',
  resources: ['arn:aws:codecommit:eu-west-1:111122223333:shop'],
  detail: {
    event: 'referenceUpdated',
    repositoryName: 'shop',
    repositoryId: '01234567-89ab-cdef-0123-456789abcdef',
    referenceType: 'branch',
    referenceName: 'main',
    referenceFullName: 'refs/heads/main',
    commitId: commit,
    oldCommitId: 'b'.repeat(40),
    callerUserArn: 'arn:aws:iam::111122223333:user/someone',
  },
};
const withDetail = (detail: Record<string, unknown>): unknown => ({ ...good, detail: { ...good.detail, ...detail } });

test('a moved branch becomes a hint', () => {
  expect(readCodeCommitEvent(good)).toEqual({
    kind: 'push',
    id: 'e-1',
    account: '111122223333',
    region: 'eu-west-1',
    repository: 'shop',
    ref: 'refs/heads/main',
    branch: 'main',
    after: commit,
  });
});

test('a deleted branch has no commit', () => {
  const deleted = withDetail({ event: 'referenceDeleted', commitId: undefined });
  expect(readCodeCommitEvent(deleted)).toMatchObject({ kind: 'push', after: '0'.repeat(40) });
});

test.each([
  ['another source', { ...good, source: 'me' }],
  ['a pull request', { ...good, 'detail-type': 'CodeCommit Pull Request State Change' }],
  ['a tag', withDetail({ referenceType: 'tag', referenceFullName: 'refs/tags/v1' })],
  ['another happening', withDetail({ event: 'unreferencedMergeCommitCreated' })],
])('%s is ignored with a reason', (_name, event) => {
  expect(readCodeCommitEvent(event)).toMatchObject({ kind: 'ignored', reason: expect.stringMatching(/./) });
});

test('accounts and regions that are not ours are ignored', () => {
  expect(readCodeCommitEvent(good, { accounts: ['999999999999'] }).kind).toBe('ignored');
  expect(readCodeCommitEvent(good, { regions: ['us-east-1'] }).kind).toBe('ignored');
  expect(readCodeCommitEvent(good, { accounts: ['111122223333'], regions: ['eu-west-1'] }).kind).toBe('push');
});

test.each([
  null,
  [],
  { ...good, detail: 'x' },
  { ...good, account: '1' },
  { ...good, region: '../x' },
  withDetail({ repositoryName: '../x' }),
  withDetail({ referenceFullName: 'refs/heads/../x' }),
  withDetail({ referenceFullName: 'main' }),
  withDetail({ commitId: 'x' }),
])('%j is a problem', (event) => {
  expect(readCodeCommitEvent(event)).toMatchObject({ kind: 'malformed', reason: expect.stringMatching(/./) });
});

test('a hint is of a repository by kind, region and name, and of one branch', () => {
  const hint = readCodeCommitEvent(good);
  if (hint.kind !== 'push') throw new Error('expected a hint');
  const shop = { kind: 'codecommit', url: 'https://x/v1/repos/shop', name: 'shop', region: 'eu-west-1' } as const;
  expect(isOfRepository(hint, shop, 'main')).toBe(true);
  expect(isOfRepository(hint, shop, 'release')).toBe(false);
  expect(isOfRepository(hint, { ...shop, region: 'us-east-1' }, 'main')).toBe(false);
  expect(isOfRepository(hint, { ...shop, name: 'other' }, 'main')).toBe(false);
  expect(isOfRepository(hint, { ...shop, kind: 'generic' }, 'main')).toBe(false);
});

test('no value makes it throw', () => {
  const keys = [...Object.keys(good.detail), '__proto__'];
  const detail = fc.dictionary(fc.constantFrom(...keys), fc.anything());
  const events = fc.oneof(
    fc.anything(),
    detail.map(withDetail),
    fc.dictionary(fc.constantFrom(...Object.keys(good)), fc.anything()).map((some) => ({ ...good, ...some })),
  );
  fc.assert(
    fc.property(events, (event) => {
      expect(readCodeCommitEvent(event).kind).toMatch(/^(push|ignored|malformed)$/);
    }),
  );
});
