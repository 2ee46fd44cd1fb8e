// The blob format is kept for years: its bytes are golden, and reading gives back what was written.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { decodeDesired, desiredLines, encodeDesired } from '../../../lib/core/render/blob.ts';
import type { Desired } from '../../../lib/core/render/model.ts';

const hash = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

const kubernetes: Desired = {
  kind: 'kubernetes',
  objects: [
    {
      object: {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { name: 'b', namespace: 'x' },
        data: { b: 'é\n', a: '1' },
      },
      source: { file: 'a.yaml', line: 3, column: 1 },
    },
    {
      object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } },
      source: { file: 'chart/templates/ns.yaml' },
    },
  ],
  hooks: [
    {
      object: { apiVersion: 'batch/v1', kind: 'Job', metadata: { generateName: 'j-' } },
      source: { file: 'j.yaml', line: 1, column: 1 },
      hook: 'PreSync',
    },
  ],
};
const stack: Desired = {
  kind: 'stack',
  stack: { name: 's', parameters: { A: '1' }, tags: {}, capabilities: [] },
  source: { file: 's.yaml', line: 1, column: 1 },
  body: 'Resources: {}\n',
  template: { Resources: {} },
};

test('golden bytes', () => {
  expect(encodeDesired(kubernetes, hash)).toMatchInlineSnapshot(`
    {
      "digest": "eab2a4314b26eb48396d97b6546310d4decaecc06ba88dfddf9da80fe996dd29",
      "text": "{"hooks":1,"kind":"kubernetes","objects":2,"v":1}
    {"digest":"8b3f1f675c14b041e50c23c13ceab1fc78afff792da434a01b20101e7ddd3d50","object":{"apiVersion":"v1","data":{"a":"1","b":"é\\n"},"kind":"ConfigMap","metadata":{"name":"b","namespace":"x"}},"source":{"column":1,"file":"a.yaml","line":3}}
    {"digest":"e42c403a15652326dd3bdaa543f3651039cb2a037c58b7c89f82111194aa2939","object":{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"}},"source":{"file":"chart/templates/ns.yaml"}}
    {"digest":"32498f63fe57715fc115ba8dc71ce86c991725d5c63b14d8cdd88863316615e3","hook":"PreSync","object":{"apiVersion":"batch/v1","kind":"Job","metadata":{"generateName":"j-"}},"source":{"column":1,"file":"j.yaml","line":1}}
    ",
    }
  `);
  expect(encodeDesired(stack, hash)).toMatchInlineSnapshot(`
    {
      "digest": "612585f3163e25e8c8ed46bbada273964a003db8728f788e6cca16ef7d26240c",
      "text": "{"kind":"stack","v":1}
    {"body":"Resources: {}\\n","source":{"column":1,"file":"s.yaml","line":1},"stack":{"capabilities":[],"name":"s","parameters":{"A":"1"},"tags":{}},"template":{"Resources":{}}}
    ",
    }
  `);
});

test.each([kubernetes, stack])('reading gives back what was written', (desired) => {
  expect(decodeDesired(encodeDesired(desired, hash).text)).toEqual(desired);
});

test('the digest of an object does not know its place', () => {
  const moved = { ...kubernetes, objects: kubernetes.objects.map((one) => ({ ...one, source: { file: 'z.yaml' } })) };
  const digests = (desired: Desired): string[] =>
    [...desiredLines(encodeDesired(desired, hash).text)].map((line) => line.digest);
  expect(digests(moved)).toEqual(digests(kubernetes));
  expect(encodeDesired(moved, hash).digest).not.toBe(encodeDesired(kubernetes, hash).digest);
});

test.each([
  ['nothing', ''],
  ['cut off in the middle', encodeDesired(kubernetes, hash).text.slice(0, -60)],
  ['a line missing', encodeDesired(kubernetes, hash).text.split('\n').slice(0, -2).join('\n')],
  ['something else', 'hello\n'],
])('%s is invalid, not empty', (_, text) => {
  expect(() => decodeDesired(text)).toThrow(expect.objectContaining({ code: 'DesiredInvalid' }));
});

test('a newer format is refused', () => {
  expect(() => decodeDesired('{"kind":"kubernetes","v":2}\n')).toThrow(
    expect.objectContaining({ code: 'DesiredNewer' }),
  );
});
