import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../lib/core/json.ts';
import { diffFields } from '../../../lib/core/plan/diff.ts';
import { planDocument } from '../../../lib/core/plan/json.ts';
import { maskFields, maskText, secretTexts } from '../../../lib/core/plan/mask.ts';
import type { FieldChange } from '../../../lib/core/plan/model.ts';
import { planText } from '../../../lib/core/plan/text.ts';
import { objectChange, planOf, plain } from './support.ts';

const secret = (data: Json): JsonObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data });
const config = (data: Json): JsonObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data });
const pod = (container: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'web', ...container }] },
});

function mask(before: JsonObject | undefined, after: JsonObject): readonly FieldChange[] {
  return maskFields(after, diffFields(before, after));
}

describe('in a Secret', () => {
  it.each([
    [
      'a changed value',
      secret({ a: 'b2xk', b: 'c2FtZQ==' }),
      secret({ a: 'bmV3', b: 'c2FtZQ==' }),
      [{ path: 'data.a', before: '*** (before)', after: '*** (after)' }],
    ],
    ['a new value', secret({}), secret({ a: 'bmV3' }), [{ path: 'data.a', after: '*** (after)' }]],
    ['a value that goes', secret({ a: 'bmV3' }), secret({}), [{ path: 'data.a', before: '*** (before)' }]],
    [
      'a new Secret',
      undefined,
      secret({ a: 'bmV3', b: 7 }),
      [{ path: 'data', after: { a: '*** (after)', b: '*** (after)' } }],
    ],
    [
      'data that is no mapping',
      secret('bmV3'),
      secret(['bmV3', 'eA==']),
      [{ path: 'data', before: '***', after: ['***', '*** (after)'] }],
    ],
    [
      'text that looks like a reference',
      secret({ a: 'x' }),
      secret({ a: '${PASSWORD}' }),
      [{ path: 'data.a', before: '*** (before)', after: '*** (after)' }],
    ],
    [
      'stringData',
      { ...secret({}), stringData: { a: 'x' } },
      { ...secret({}), stringData: { a: 'y' } },
      [{ path: 'stringData.a', before: '*** (before)', after: '*** (after)' }],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(mask(before, after as JsonObject)).toEqual(expected);
  });

  it('other fields stay readable', () => {
    expect(mask({ ...secret({}), type: 'Opaque' }, { ...secret({}), type: 'other' })).toEqual([
      { path: 'type', before: 'Opaque', after: 'other' },
    ]);
  });

  it('a kind named Secret of another group is an ordinary object', () => {
    const of = (a: string): JsonObject => ({ apiVersion: 'example.org/v1', kind: 'Secret', metadata: {}, data: { a } });
    expect(mask(of('x'), of('y'))).toEqual([{ path: 'data.a', before: 'x', after: 'y' }]);
  });
});

describe('elsewhere', () => {
  it.each([
    [
      'an env entry by its name',
      pod({ env: [{ name: 'DB_PASSWORD', value: 'old1' }] }),
      pod({ env: [{ name: 'DB_PASSWORD', value: 'new1' }] }),
      '*** (before)',
      '*** (after)',
    ],
    [
      'a new env entry',
      pod({ env: [{ name: 'A', value: '1' }] }),
      pod({
        env: [
          { name: 'A', value: '1' },
          { name: 'API_TOKEN', value: 'new1' },
        ],
      }),
      undefined,
      { name: 'API_TOKEN', value: '*** (after)' },
    ],
    [
      'data of a ConfigMap under a secret name',
      config({ 'db.password': 'old1' }),
      config({ 'db.password': 'new1' }),
      '*** (before)',
      '*** (after)',
    ],
    [
      'a line that assigns one',
      config({ 'app.conf': 'a=1\npassword=old1\n' }),
      config({ 'app.conf': 'a=2\npassword=old1\n' }),
      '*** (before)',
      '*** (after)',
    ],
    [
      'a private key',
      config({ key: 'x' }),
      config({ key: '-----BEGIN PRIVATE KEY-----\nabcd\n-----END PRIVATE KEY-----' }),
      'x',
      '*** (after)',
    ],
    [
      'credentials in a URL',
      config({ url: 'postgres://db/x' }),
      config({ url: 'postgres://app:hunter2@db/x' }),
      'postgres://db/x',
      '*** (after)',
    ],
    [
      'an argument',
      pod({ args: ['--port=1', '--password=old1'] }),
      pod({ args: ['--port=2', '--password=old1'] }),
      ['--port=1', '***'],
      ['--port=2', '***'],
    ],
    [
      'an argument after its flag',
      pod({ args: ['--api-key', 'old1'] }),
      pod({ args: ['--api-key', 'new1'] }),
      ['--api-key', '*** (before)'],
      ['--api-key', '*** (after)'],
    ],
    [
      'a number',
      { spec: { pin: { password: 1234 } } },
      { spec: { pin: { password: 4321 } } },
      '*** (before)',
      '*** (after)',
    ],
    [
      'a property of a resource',
      { Properties: { MasterUserPassword: 'old1' } },
      { Properties: { MasterUserPassword: 'new1' } },
      '*** (before)',
      '*** (after)',
    ],
    [
      'what kubectl applied last',
      { metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"a":"b2xk"}}' } } },
      { metadata: { annotations: {} } },
      '*** (before)',
      undefined,
    ],
  ] as const)('%s', (_, before, after, hiddenBefore, hiddenAfter) => {
    const [change, ...more] = mask(before, after);
    expect(more).toEqual([]);
    expect([change?.before, change?.after]).toEqual([hiddenBefore, hiddenAfter]);
  });

  it.each([
    [
      'a reference',
      pod({ env: [{ name: 'TOKEN', value: '$(OTHER)' }] }),
      pod({ env: [{ name: 'TOKEN', value: '{{resolve:secretsmanager:x}}' }] }),
    ],
    ['a switch', { spec: { automountServiceAccountToken: true } }, { spec: { automountServiceAccountToken: false } }],
    ['a name of a secret', { spec: { secretName: 'a' } }, { spec: { secretName: 'b' } }],
    ['a lifetime', { spec: { tokenExpirationSeconds: 1 } }, { spec: { tokenExpirationSeconds: 2 } }],
    ['prose', { spec: { description: 'Password: must be long' } }, { spec: { description: 'Password: may be short' } }],
    ['an image', pod({ image: 'registry:5000/a@sha256:0' }), pod({ image: 'registry:5000/a@sha256:1' })],
  ])('stays readable: %s', (_, before, after) => {
    expect(mask(before, after)).toEqual(diffFields(before, after));
  });
});

describe('messages', () => {
  it.each([
    ['the value as stored', 'Invalid value: "c2VjcmV0LXZhbHVl"', 'Invalid value: "***"'],
    ['the value decoded', 'cannot parse secret-value here', 'cannot parse *** here'],
    ['a value with quotes, escaped', 'got {"v":"a\\"b\\"c"}', 'got {"v":"***"}'],
    ['a short one in quotes only', 'value "xy" in xylophone', 'value "***" in xylophone'],
    ['a token that nobody told of', 'Authorization: Bearer abcdefghijkl', 'Authorization: ***'],
  ])('%s', (_, text, expected) => {
    const object = { ...secret({ a: 'c2VjcmV0LXZhbHVl', b: 'eHk=' }), stringData: { c: 'a"b"c', d: 'xy' } };
    expect(maskText(text, secretTexts(object))).toBe(expected);
  });
});

/** Secrets made of characters that nothing else in a plan is made of, so that any trace of one is a leak. */
const rare = fc.string({ unit: fc.constantFrom('Q', 'Z', 'J', '7', '9', '§', 'ß'), minLength: 4, maxLength: 24 });
const holders: readonly ((value: string) => JsonObject)[] = [
  (value) => secret({ token: value }),
  (value) => ({ ...secret({}), stringData: { any: value, more: [value] } }),
  (value) => pod({ env: [{ name: 'SMTP_PASSWORD', value }] }),
  (value) => pod({ args: ['run', `--token=${value}`, '--api-key', value] }),
  (value) => pod({ command: ['sh', '-c', `export SECRET=${value}; run`] }),
  (value) => config({ 'settings.ini': `[db]\nuser = me\npassword = ${value}\n` }),
  (value) => config({ password: value }),
  (value) => config({ dsn: `amqp://user:${value}@host/` }),
  (value) => ({
    apiVersion: 'example.org/v1',
    kind: 'Thing',
    metadata: { name: 't' },
    spec: { auth: { clientSecret: value } },
    list: [{ privateKey: value }, 1],
  }),
  (value) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"x":"${value}"}` } },
  }),
];

it('no part of a secret is in a plan, neither as JSON nor as text', () => {
  const holder = fc.constantFrom(...holders);
  fc.assert(
    fc.property(
      holder,
      holder,
      fc.option(rare, { nil: undefined }),
      rare,
      fc.boolean(),
      (a, b, old, fresh, sameHolder) => {
        const before = old === undefined ? undefined : a(old);
        const after = (sameHolder ? a : b)(fresh);
        const fields = maskFields(after, diffFields(before, after));
        const plans = [
          planOf({
            changes: [objectChange('update', 'Thing', { fields }), objectChange('delete', 'Other', { fields })],
          }),
        ];
        const output = `${JSON.stringify(planDocument(plans))}\n${planText(plans, plain)}`;
        for (const value of [old ?? fresh, fresh]) {
          for (let at = 0; at + 4 <= value.length; at += 1) expect(output).not.toContain(value.slice(at, at + 4));
        }
      },
    ),
    { numRuns: 500 },
  );
});

it('two values are shown as different exactly when they are', () => {
  const holder = fc.constantFrom(...holders);
  fc.assert(
    fc.property(holder, rare, rare, (make, old, fresh) => {
      const changes = mask(make(old), make(fresh));
      expect(changes.length === 0).toBe(old === fresh);
      for (const { before, after } of changes) expect(before).not.toEqual(after);
    }),
  );
});
