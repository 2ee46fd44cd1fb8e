// Deliveries as they travel through a queue: what was written is read back, anything else is none.
import { assert, json, oneof, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { type Delivery, readDelivery } from '../../../lib/core/trigger/delivery.ts';

const delivery: Delivery = {
  v: 1,
  kind: 'push',
  alias: 'root',
  delivery: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
  digest: 'a'.repeat(64),
  ref: 'refs/heads/main',
  after: 'b'.repeat(40),
};

test('a delivery is read back as it was written', () => {
  expect(readDelivery(JSON.stringify(delivery))).toEqual(delivery);
});

test.each([
  ['another version', { ...delivery, v: 2 }],
  ['another kind', { ...delivery, kind: 'pull' }],
  ['an alias that is a path', { ...delivery, alias: '../x' }],
  ['a digest that is none', { ...delivery, digest: 'zz' }],
  ['a tag', { ...delivery, ref: 'refs/tags/v1' }],
  ['a branch with a control character', { ...delivery, ref: 'refs/heads/a\u0007' }],
  ['a commit that is none', { ...delivery, after: 'HEAD' }],
  ['no delivery id', { ...delivery, delivery: undefined }],
])('%s is no delivery', (_name, value) => {
  expect(readDelivery(JSON.stringify(value))).toBeUndefined();
});

test('no text makes it throw', () => {
  const any = oneof(string(), json());
  expect(() => assert(property(any, (text) => readDelivery(text) === undefined))).not.toThrow();
});
