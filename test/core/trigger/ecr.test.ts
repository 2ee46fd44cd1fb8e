import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ecrPushEvent, readImageEvent } from '../../../lib/core/trigger/ecr.ts';

const digest = `sha256:${'b'.repeat(64)}`;
const good = ecrPushEvent({
  account: '111122223333',
  region: 'eu-west-1',
  repository: 'team/shop',
  tag: '1.2.3',
  digest,
  id: 'e-1',
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
});
const withDetail = (detail: Record<string, unknown>): unknown => ({
  ...good,
  detail: { ...(good['detail'] as object), ...detail },
});

test('a pushed tag becomes a hint with the name that manifests write', () => {
  expect(good['time']).toBe('2026-01-02T03:04:05Z');
  expect(readImageEvent(good)).toEqual({
    kind: 'hint',
    id: 'e-1',
    account: '111122223333',
    region: 'eu-west-1',
    repository: 'team/shop',
    tag: '1.2.3',
    digest,
    image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/shop',
  });
});

test.each([
  ['another source', { ...good, source: 'aws.s3' }],
  ['a replication', { ...good, 'detail-type': 'ECR Replication Action' }],
  ['a pull-through cache', { ...good, 'detail-type': 'ECR Pull Through Cache Action' }],
  ['a failed push', withDetail({ result: 'FAILURE' })],
  ['a deletion', withDetail({ 'action-type': 'DELETE' })],
  ['a push without a tag', withDetail({ 'image-tag': undefined })],
])('%s is ignored with a reason', (_name, event) => {
  expect(readImageEvent(event)).toMatchObject({ kind: 'ignored', reason: expect.stringMatching(/./) });
});

test('accounts and regions that are not ours are ignored', () => {
  expect(readImageEvent(good, { accounts: ['999999999999'] }).kind).toBe('ignored');
  expect(readImageEvent(good, { regions: ['us-east-1'] }).kind).toBe('ignored');
  expect(readImageEvent(good, { accounts: ['111122223333'], regions: ['eu-west-1'] }).kind).toBe('hint');
});

test.each(['a\nb', 'a"b', '$(x)', 'x'.repeat(300), '-x', 'a b', '#', 'a: b', 1])('the tag %j is a problem', (tag) => {
  expect(readImageEvent(withDetail({ 'image-tag': tag })).kind).toBe('malformed');
});

test.each(['../x', 'A', 'a//b', 'a b', 'x'.repeat(300), 1, null])('the repository %j is a problem', (name) => {
  expect(readImageEvent(withDetail({ 'repository-name': name })).kind).toBe('malformed');
});

test('no value makes it throw', () => {
  const events = fc.oneof(
    fc.anything(),
    fc.anything().map((detail) => ({ ...good, detail })),
  );
  const known = fc.property(events, (value) => ['hint', 'ignored', 'malformed'].includes(readImageEvent(value).kind));
  expect(() => fc.assert(known)).not.toThrow();
});
