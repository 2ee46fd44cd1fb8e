// `holdfast cost`: its flags, and its JSON.
import { expect, test } from 'vitest';
import { holdfast } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';

test('one number of applications, as JSON', async () => {
  const answer = await holdfast(['cost', '--apps', '7', '--targets', '2', '--drift-every', '1h', '-o', 'json'], {
    cwd: tempDir(),
  });
  expect(answer.code).toBe(0);
  expect(JSON.parse(answer.stdout)).toMatchObject({
    schemaVersion: 1,
    prices: { currency: 'USD' },
    estimates: [{ workload: { apps: 7, targets: 2, pushesPerApp: 60, driftEveryMinutes: 60 } }],
  });
});

test.each([
  ['--apps', 'many'],
  ['--pushes', '-1'],
  ['--drift-every', '5s'],
])('%s %s is wrong usage', async (flag, value) => {
  expect((await holdfast(['cost', `${flag}=${value}`], { cwd: tempDir() })).code).toBe(3);
});
