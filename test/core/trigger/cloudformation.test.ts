import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { operationToken } from '../../../lib/core/cloudformation/ownership.ts';
import { readOperationToken, readStackEvent } from '../../../lib/core/trigger/cloudformation.ts';

const hash = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
const owner = { installation: 'local', application: 'root/network', stack: 'network' };
const token = operationToken(owner, '01J-op', hash);
const stackId = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/network/01234567-89ab-cdef-0123-456789abcdef';
const base = { version: '0', id: 'e-1', source: 'aws.cloudformation', account: '111122223333', region: 'eu-west-1' };
const good = {
  ...base,
  'detail-type': 'CloudFormation Stack Status Change',
  resources: [stackId],
  detail: {
    'stack-id': stackId,
    'status-details': { status: 'UPDATE_COMPLETE', 'status-reason': '' },
    'client-request-token': token,
  },
};
const drift = {
  ...base,
  'detail-type': 'CloudFormation Drift Detection Status Change',
  resources: [stackId],
  detail: {
    'stack-id': stackId,
    'stack-drift-detection-id': 'd-1',
    'status-details': { 'stack-drift-status': 'DRIFTED', 'detection-status': 'DETECTION_COMPLETE' },
    'drift-detection-details': { 'drifted-stack-resource-count': 1 },
  },
};
const withDetail = (detail: Record<string, unknown>): unknown => ({ ...good, detail: { ...good.detail, ...detail } });

test('the status of a stack with a token of ours becomes a hint', () => {
  expect(readStackEvent(good)).toEqual({
    kind: 'stack',
    id: 'e-1',
    account: '111122223333',
    region: 'eu-west-1',
    stackId,
    status: 'UPDATE_COMPLETE',
    token,
    owner: token.slice(3, 19),
    operation: '01J-op',
  });
});

test('a drift detection becomes a hint that says whether there is a result', () => {
  const place = { id: 'e-1', account: '111122223333', region: 'eu-west-1', stackId };
  expect(readStackEvent(drift)).toEqual({ kind: 'drift', ...place, detectionId: 'd-1', complete: true });
  const running = {
    ...drift,
    detail: { ...drift.detail, 'status-details': { 'detection-status': 'DETECTION_IN_PROGRESS' } },
  };
  expect(readStackEvent(running)).toMatchObject({ kind: 'drift', complete: false });
});

test.each([
  ['another source', { ...good, source: 'me' }],
  ['a resource', { ...good, 'detail-type': 'CloudFormation Resource Status Change' }],
  ['no token', withDetail({ 'client-request-token': '' })],
  ['the token of a console', withDetail({ 'client-request-token': 'Console-UpdateStack-0123' })],
])('%s is ignored with a reason', (_name, event) => {
  expect(readStackEvent(event)).toMatchObject({ kind: 'ignored', reason: expect.stringMatching(/./) });
});

test('accounts and regions that are not ours are ignored', () => {
  expect(readStackEvent(good, { accounts: ['999999999999'] }).kind).toBe('ignored');
  expect(readStackEvent(drift, { regions: ['us-east-1'] }).kind).toBe('ignored');
  expect(readStackEvent(good, { accounts: ['111122223333'], regions: ['eu-west-1'] }).kind).toBe('stack');
});

test.each([
  null,
  { ...good, detail: [] },
  { ...good, account: 7 },
  { ...good, account: '999999999999' },
  { ...good, region: 'us-east-1' },
  withDetail({ 'stack-id': 'network' }),
  withDetail({ 'status-details': {} }),
  withDetail({ 'client-request-token': 7 }),
  { ...drift, detail: { ...drift.detail, 'stack-drift-detection-id': '' } },
  { ...drift, detail: { ...drift.detail, 'status-details': 'x' } },
])('%j is a problem', (event) => {
  expect(readStackEvent(event)).toMatchObject({ kind: 'malformed', reason: expect.stringMatching(/./) });
});

test('every token that we make is read back', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 200 }), (operation) => {
      const made = operationToken(owner, operation, hash);
      expect(readOperationToken(made)).toEqual({ owner: made.slice(3, 19), operation: made.slice(20) });
    }),
  );
  expect(readOperationToken(`hf-0123456789abcdef-${'x'.repeat(200)}`)).toBeUndefined();
});

test('no value makes it throw', () => {
  const keys = [...Object.keys(good.detail), ...Object.keys(drift.detail)];
  const events = fc.oneof(
    fc.anything(),
    fc.dictionary(fc.constantFrom(...keys), fc.anything()).map(withDetail),
    fc.dictionary(fc.constantFrom(...Object.keys(good)), fc.anything()).map((some) => ({ ...drift, ...some })),
  );
  fc.assert(
    fc.property(events, (event) => {
      expect(readStackEvent(event).kind).toMatch(/^(stack|drift|ignored|malformed)$/);
    }),
  );
});
