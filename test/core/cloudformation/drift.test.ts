// Drift detection's results as drift items, and when drift may be put back unattended.
import { describe, expect, test } from 'vitest';
import {
  coverageText,
  healRefusal,
  readDrift,
  type ResourceDriftView,
} from '../../../lib/core/cloudformation/drift.ts';

const drift = (
  LogicalResourceId: string,
  StackResourceDriftStatus: string,
  more: Partial<ResourceDriftView> = {},
): ResourceDriftView => ({
  LogicalResourceId,
  ResourceType: 'AWS::SQS::Queue',
  StackResourceDriftStatus,
  ...more,
});

test('fields show the live value before and the applied one after', () => {
  const read = readDrift('s', [
    drift('Q', 'MODIFIED', {
      ExpectedProperties: JSON.stringify({ Tags: [{ Key: 'team', Value: 'a' }] }),
      ActualProperties: JSON.stringify({ Tags: [{ Key: 'team', Value: 'b' }], DelaySeconds: 5 }),
      PropertyDifferences: [
        { PropertyPath: '/Tags/0/Value', ExpectedValue: 'a', ActualValue: 'b', DifferenceType: 'NOT_EQUAL' },
        { PropertyPath: '/DelaySeconds', ExpectedValue: 'null', ActualValue: '5', DifferenceType: 'ADD' },
        { PropertyPath: '/KmsMasterKeyId', ExpectedValue: 'k', ActualValue: 'null', DifferenceType: 'REMOVE' },
      ],
    }),
    drift('Gone', 'DELETED'),
    drift('Fine', 'IN_SYNC'),
    drift('Handle', 'NOT_CHECKED'),
  ]);
  const owner = 'CloudFormation drift';
  expect(read.items).toEqual([
    {
      subject: { kind: 'resource', stack: 's', logicalId: 'Q', type: 'AWS::SQS::Queue' },
      kind: 'modified',
      owner,
      fields: [
        { path: 'Tags[Key=team].Value', before: 'b', after: 'a', owner },
        { path: 'DelaySeconds', before: '5', owner },
        { path: 'KmsMasterKeyId', after: 'k', owner },
      ],
    },
    {
      subject: { kind: 'resource', stack: 's', logicalId: 'Gone', type: 'AWS::SQS::Queue' },
      kind: 'missing',
      owner,
      fields: [],
    },
  ]);
  expect(coverageText(read)).toBe('3 of 4 resources can be checked for drift');
  expect(coverageText(readDrift('s', [drift('Fine', 'IN_SYNC')]))).toBeUndefined();
});

test('secrets are masked on both sides, also behind a reference', () => {
  const read = readDrift('s', [
    drift('F', 'MODIFIED', {
      PropertyDifferences: [
        {
          PropertyPath: '/Environment/Variables/DB_PASSWORD',
          ExpectedValue: 'hunter1',
          ActualValue: 'hunter2',
          DifferenceType: 'NOT_EQUAL',
        },
        {
          PropertyPath: '/Environment/Variables/URL',
          ExpectedValue: '{{resolve:ssm-secure:x}}',
          ActualValue: 'hunter3',
          DifferenceType: 'NOT_EQUAL',
        },
      ],
    }),
  ]);
  expect(JSON.stringify(read)).not.toContain('hunter');
  expect(read.items[0]?.fields).toHaveLength(2);
});

describe('putting drift back unattended', () => {
  const { items } = readDrift('s', [drift('Q', 'MODIFIED'), drift('Gone', 'DELETED')]);
  const entry = (LogicalResourceId: string, Action: string, Replacement?: string) => ({
    LogicalResourceId,
    Action,
    Replacement,
  });

  test.each([
    ['only what drifted', [entry('Q', 'Modify', 'False'), entry('Gone', 'Add')], undefined],
    ['only records are corrected elsewhere', [entry('Q', 'Modify', 'False'), entry('X', 'SyncWithActual')], undefined],
    [
      'something that did not drift',
      [entry('Q', 'Modify', 'False'), entry('X', 'Modify', 'False')],
      'it would also change X, where drift detection found nothing',
    ],
    ['a replacement', [entry('Q', 'Modify', 'True')], 'it would replace Q'],
    ['perhaps a replacement', [entry('Q', 'Modify', 'Conditional')], 'it would replace Q'],
    ['a removal', [entry('Q', 'Remove')], 'it would remove Q'],
  ])('%s', (_name, entries, expected) => {
    expect(healRefusal(entries, items)).toBe(expected);
  });
});
