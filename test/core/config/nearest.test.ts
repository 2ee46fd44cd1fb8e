import { expect, it } from 'vitest';
import { nearest } from '../../../lib/core/config/nearest.ts';

it.each([
  ['prun', 'prune'],
  ['naem', 'name'],
  ['TARGET', 'target'],
  ['dependOn', 'dependsOn'],
  ['target', undefined],
  ['x', undefined],
  ['entirelyOther', undefined],
  ['n'.repeat(101), undefined],
])('%s -> %s', (word, expected) => {
  expect(nearest(word, ['name', 'prune', 'target', 'dependsOn'])).toBe(expected);
});
