// Whose a stack is, by its tags; names of our operations.
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOurToken, operationToken, ownershipOf, ownerTags } from '../../../lib/core/cloudformation/ownership.ts';

const hash = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const owner = { installation: 'local', application: 'root/network@prod', stack: 'network' };

test('tags for ever', () => {
  expect(ownerTags(owner, hash)).toEqual({
    'holdfast.dev/app': 'network.prod',
    'holdfast.dev/installation': 'local',
    'holdfast.dev/owner': 'local/root/network@prod cloudformation/Stack network',
  });
});

test.each([
  ['our own', ownerTags(owner, hash), 'ours'],
  ['none', {}, 'nobody'],
  ['of another tool', { 'aws:cloudformation:stack-name': 'x', team: 'a' }, 'nobody'],
  ['copied from another stack', ownerTags({ ...owner, stack: 'other' }, hash), 'nobody'],
  [
    'of another application',
    ownerTags({ ...owner, application: 'root/web' }, hash),
    'application root/web of this installation',
  ],
  [
    'of another installation',
    ownerTags({ ...owner, installation: 'blue' }, hash),
    'the Holdfast installation "blue" (application root/network@prod)',
  ],
])('tags: %s', (_name, tags, expected) => {
  const found = ownershipOf(tags, owner, hash);
  expect(found.kind === 'other' ? found.text : found.kind).toBe(expected);
});

test('tokens are valid names, tell operations apart, and name their owner', () => {
  expect(operationToken(owner, '01JD.run:7', hash)).toMatch(/^hf-[0-9a-f]{16}-01JD-run-7$/);
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 200 }), fc.string({ minLength: 1, maxLength: 200 }), (a, b) => {
      const [one, two] = [operationToken(owner, a, hash), operationToken(owner, b, hash)];
      expect(one).toMatch(/^[A-Za-z][A-Za-z0-9-]{0,127}$/);
      expect(isOurToken(one, owner, hash)).toBe(true);
      expect(isOurToken(one, { ...owner, stack: 'x' }, hash)).toBe(false);
      const long = a.length > 100 && b.length > 100 && a !== b;
      expect(long && one === two).toBe(false);
    }),
  );
  expect(isOurToken(undefined, owner, hash)).toBe(false);
});
