// Entries of change sets as changes of a plan: action, risk, fields, ids, masking.
import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChangeScope, readChange, type ResourceChangeView } from '../../../lib/core/cloudformation/change-set.ts';

const scope: ChangeScope = {
  target: 'prod',
  stack: 'network',
  hmac: (data) => createHmac('sha256', 'key').update(data).digest('hex'),
  hidden: 'h',
  untold: 'u',
};
type Details = NonNullable<ResourceChangeView['Details']>;
const detail = (path: string, before?: string, after?: string, recreation = 'Never'): Details[number] => ({
  Target: {
    Attribute: 'Properties',
    Name: path.split('/')[2] ?? '',
    Path: path,
    BeforeValue: before,
    AfterValue: after,
    RequiresRecreation: recreation,
  },
});
const modify = (details: Details, more: Partial<ResourceChangeView> = {}): ResourceChangeView => ({
  Action: 'Modify',
  LogicalResourceId: 'R',
  PhysicalResourceId: 'id-1',
  ResourceType: 'AWS::SQS::Queue',
  Replacement: 'False',
  Scope: ['Properties'],
  Details: details,
  ...more,
});
const add = (properties: unknown, type = 'AWS::SQS::Queue'): ResourceChangeView => ({
  Action: 'Add',
  LogicalResourceId: 'R',
  ResourceType: type,
  AfterContext: JSON.stringify({ Properties: properties }),
});
const context = (properties: unknown) => JSON.stringify({ Properties: properties });

describe('actions and risk', () => {
  test.each<[string, ResourceChangeView, string]>([
    ['add', add({ A: 1 }), 'create low'],
    ['add a role', add({}, 'AWS::IAM::Role'), 'create medium'],
    ['import', { ...add({}), Action: 'Import' }, 'adopt medium'],
    ['modify', modify([]), 'update low'],
    [
      'modify with replacement',
      modify([detail('/Properties/QueueName', 'a', 'b', 'Always')], { Replacement: 'True' }),
      'replace high: QueueName cannot be changed in place; loses data',
    ],
    [
      'perhaps replaced',
      modify([detail('/Properties/X', 'a', 'b', 'Conditionally')], { Replacement: 'Conditional' }),
      'update high: may be replaced because of X; loses data',
    ],
    [
      'replaced, the old one kept',
      modify([detail('/Properties/X', 'a', 'b', 'Always')], { Replacement: 'True', PolicyAction: 'ReplaceAndRetain' }),
      'replace high: X cannot be changed in place',
    ],
    ['remove', { ...modify([]), Action: 'Remove', PolicyAction: 'Delete' }, 'delete high; loses data'],
    [
      'remove, kept',
      { ...modify([]), Action: 'Remove', PolicyAction: 'Retain' },
      'delete medium: leaves the stack, the resource itself is kept',
    ],
    [
      'remove with a snapshot',
      { ...modify([]), Action: 'Remove', PolicyAction: 'Snapshot' },
      'delete medium: a snapshot is kept',
    ],
    [
      'remove what holds no data',
      { ...modify([]), Action: 'Remove', PolicyAction: 'Delete', ResourceType: 'AWS::SNS::Topic' },
      'delete high',
    ],
    ['only the record changes', { ...modify([]), Action: 'SyncWithActual' }, 'none low'],
    ['an action of tomorrow', { ...modify([]), Action: 'Dynamic' }, 'update low: decided while it runs'],
  ])('%s', (_name, entry, expected) => {
    const { change, losesData } = readChange(entry, scope);
    const note = change.note === undefined ? '' : `: ${change.note}`;
    expect(`${change.action} ${change.risk}${note}${losesData ? '; loses data' : ''}`).toBe(expected);
  });
});

describe('fields', () => {
  const fields = (entry: ResourceChangeView) =>
    readChange(entry, scope).change.fields.map(
      (field) => `${field.path}: ${JSON.stringify(field.before)} -> ${JSON.stringify(field.after)}`,
    );

  test('a new resource shows its leaves; list items go by their names', () => {
    const properties = {
      Tags: [{ Key: 'team', Value: 'a' }],
      Empty: [],
      Nested: { Port: 80 },
      Arn: '{{changeSet:KNOWN_AFTER_APPLY}}',
    };
    expect(fields(add(properties))).toEqual([
      'Tags[Key=team].Key: undefined -> "team"',
      'Tags[Key=team].Value: undefined -> "a"',
      'Empty: undefined -> []',
      'Nested.Port: undefined -> 80',
      'Arn: undefined -> "(known after apply)"',
    ]);
  });

  test('a change shows before and after by path; a field named twice is shown once', () => {
    const entry = modify(
      [
        detail('/Properties/VisibilityTimeout', '30', '60'),
        {
          Target: { Attribute: 'Properties', Name: 'VisibilityTimeout', Path: '/Properties/VisibilityTimeout' },
          ChangeSource: 'DirectModification',
        },
        detail('/Properties/RedrivePolicy', undefined, '{"maxReceiveCount":3}'),
        detail('/Properties/Tags/1/Value', 'a'),
      ],
      { AfterContext: context({ Tags: [{ Key: 'x' }, { Key: 'team' }] }) },
    );
    expect(fields(entry)).toEqual([
      'RedrivePolicy: undefined -> {"maxReceiveCount":3}',
      'Tags[Key=team].Value: "a" -> undefined',
      'VisibilityTimeout: "30" -> "60"',
    ]);
  });

  test('without property values the names of the properties still show', () => {
    expect(
      fields(
        modify([{ Target: { Attribute: 'Properties', Name: 'DelaySeconds' } }, { Target: { Attribute: 'Tags' } }]),
      ),
    ).toEqual(['DelaySeconds: undefined -> undefined', 'Tags: undefined -> undefined']);
  });

  test('secrets are masked by name, by the name beside them, and by form', () => {
    const properties = {
      MasterUserPassword: 'p1',
      SecretString: '{"user":"p2"}',
      ContainerDefinitions: [
        {
          Name: 'web',
          Environment: [
            { Name: 'API_TOKEN', Value: 'p3' },
            { Name: 'STAGE', Value: 'dev' },
          ],
        },
      ],
      Url: 'https://u:p4@example.com/',
      Fine: '{{resolve:secretsmanager:db:SecretString:password}}',
    };
    const text = fields(add(properties)).join('\n');
    expect(text).not.toMatch(/p[1-4]\b/);
    expect(text).toContain('Value: undefined -> "dev"');
    expect(text).toContain('{{resolve:secretsmanager');
  });

  test('no value of a secret-like property ever shows, wherever it stands', () => {
    const name = fc.constantFrom('Password', 'DbPassword', 'API_TOKEN', 'ClientSecret', 'AuthToken', 'SecretString');
    const secret = fc.stringMatching(/^zz[a-f0-9]{12}$/);
    const wrap = fc.constantFrom<(value: Record<string, unknown>) => unknown>(
      (value) => value,
      (value) => ({ Deep: { Deeper: value } }),
      (value) => ({ List: [{ Name: 'x', ...value }] }),
    );
    fc.assert(
      fc.property(name, secret, secret, wrap, (key, before, after, around) => {
        const created = readChange(add(around({ [key]: after })), scope);
        const changed = readChange(modify([detail(`/Properties/${key}`, before, after)]), scope);
        expect(JSON.stringify([created.change, changed.change])).not.toMatch(/zz[a-f0-9]{12}/);
      }),
    );
  });
});

describe('ids', () => {
  const id = (entry: ResourceChangeView, more: Partial<ChangeScope> = {}) =>
    readChange(entry, { ...scope, ...more }).change.id;
  const one = modify([detail('/Properties/A', '1', '2'), detail('/Properties/B', '1', '2')]);

  test('are equal for equal changes in any order of details', () => {
    expect(id(modify([...one.Details!].toReversed()))).toBe(id(one));
  });

  test('differ in value, resource, action, physical id, stack and target', () => {
    const others = [
      id(modify([detail('/Properties/A', '1', '3'), detail('/Properties/B', '1', '2')])),
      id({ ...one, LogicalResourceId: 'Q' }),
      id({ ...one, Replacement: 'True' }),
      id({ ...one, PhysicalResourceId: 'id-2' }),
      id(one, { stack: 'other' }),
      id(one, { target: 'dev' }),
    ];
    expect(new Set([id(one), ...others]).size).toBe(7);
  });

  test('differ for values that the service hides when what hides behind them differs', () => {
    const hidden = modify([detail('/Properties/Value', '****', '****')]);
    expect(id(hidden, { hidden: 'a' })).not.toBe(id(hidden, { hidden: 'b' }));
    expect(id(one, { hidden: 'a' })).toBe(id(one, { hidden: 'b' }));
  });

  test('differ for values that the service leaves out or cuts off when the template differs', () => {
    const untold = modify([{ Target: { Attribute: 'Metadata' } }]);
    const long = modify([detail('/Properties/Value', 'a', 'b'.repeat(2_000))]);
    for (const entry of [untold, long]) expect(id(entry, { untold: 'a' })).not.toBe(id(entry, { untold: 'b' }));
    const tags = modify([{ Target: { Attribute: 'Tags' } }]);
    for (const entry of [one, tags]) expect(id(entry, { untold: 'a' })).toBe(id(entry, { untold: 'b' }));
  });

  test('differ for two secrets although they look alike', () => {
    const secret = (value: string) => modify([detail('/Properties/Password', 'old', value)]);
    expect(id(secret('new-1'))).not.toBe(id(secret('new-2')));
  });
});
