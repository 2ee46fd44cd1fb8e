import { expect, test } from 'vitest';
import { bestTag, mayReplace } from '../../../lib/core/image/policy.ts';

const rule = (semver: string) => ({ repository: 'shop', policy: { semver } });
const best = (range: string, ...tags: string[]): string | undefined =>
  bestTag(
    rule(range),
    tags.map((tag, index) => ({ tag, pushedAt: index })),
  )?.tag;

test.each([
  ['the highest in range', '^1.0', ['1.2.0', '1.10.0', '1.9.9', '2.0.0'], '1.10.0'],
  ['v10 is above v9', '*', ['v9.0.0', 'v10.0.0'], 'v10.0.0'],
  ['the order of pushing does not matter', '^1.0', ['1.10.0', '1.2.0'], '1.10.0'],
  ['a v in front is fine', '~1.2', ['v1.2.3', '1.2.2'], 'v1.2.3'],
  ['two parts are a version', '^1.0', ['1.2', '1.1.9'], '1.2'],
  ['no prerelease unless the range names one', '>=1.0.0', ['1.0.0', '2.0.0-rc.1'], '1.0.0'],
  ['a prerelease when the range names one', '>=1.0.0-0', ['1.0.0', '2.0.0-rc.1'], '2.0.0-rc.1'],
  ['a prerelease of the next major is not in a caret range', '^1.0.0-0', ['1.0.0', '2.0.0-rc.1'], '1.0.0'],
  ['the release is above its prerelease', '>=1.0.0-0', ['1.1.0-rc.2', '1.1.0'], '1.1.0'],
  ['what is no version is passed over', '*', ['latest', 'main', '3f2a91c', '20261120', '1.0.0'], '1.0.0'],
  ['nothing in range is nothing', '^3.0', ['1.0.0', '2.0.0'], undefined],
  ['of equal versions the newer push', '^1.0', ['1.0.0', 'v1.0.0'], 'v1.0.0'],
  ['a tag that is no tag is passed over', '*', ['1.0.0\n', '1.0.0"', '$(x)', '0.1.0'], '0.1.0'],
  ['a range that is none gives nothing', 'not a range', ['1.0.0'], undefined],
])('%s', (_name, range, tags, expected) => {
  expect(best(range, ...tags)).toBe(expected);
});

test.each([
  ['1.3.0', '1.2.0', true],
  ['1.2.0', '1.3.0', false],
  ['1.2.0', 'v1.2.0', false],
  ['1.2.0', '1.2.0-rc.1', true],
  ['1.2.0', 'latest', true],
  ['latest', '1.2.0', false],
])('%s in the place of %s: %s', (candidate, current, expected) => {
  expect(mayReplace(rule('*'), candidate, current)).toBe(expected);
});
