// The price of a month: adds up, grows with what is done, and reads as it does in the README.
import { readFileSync } from 'node:fs';
import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { type Counts, estimate, type Prices, type Usage } from '../../../lib/core/cost/model.ts';
import { costText } from '../../../lib/core/cost/text.ts';

const read = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../lib/core/cost/${file}`, import.meta.url), 'utf8'));
const counts = read('counts.json') as Counts;
const prices = read('prices.json') as Prices;
const workload = { apps: 10, targets: 1, pushesPerApp: 60, driftEveryMinutes: 15 };

const nothing: Usage = {
  invocations: 0,
  armGbSeconds: 0,
  x86GbSeconds: 0,
  sqsRequests: 0,
  dynamoReads: 0,
  dynamoWrites: 0,
  s3Puts: 0,
  s3Gets: 0,
  events: 0,
  schedules: 0,
  logKb: 0,
};
const none: Counts = {
  v: 1,
  measured: true,
  note: '',
  fixed: { secrets: 0, alarms: 0, metrics: 0, dashboards: 0, tableGb: 0, bucketGb: 0 },
  application: { tableGb: 0, bucketGb: 0 },
  idleDay: nothing,
  sweep: nothing,
  sweepApplication: nothing,
  push: nothing,
  pushApplication: nothing,
};

test('the table', async () => {
  const table = [1, 10, 50].map((apps) => estimate({ ...workload, apps }, counts, prices));
  await expect(costText(table, counts, prices)).toMatchFileSnapshot('cost.golden.md');
});

test('the README shows the table of today', () => {
  const table = [1, 10, 50].map((apps) => estimate({ ...workload, apps }, counts, prices));
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(costText(table, counts, prices));
});

test('one line of the price list at a time', () => {
  const of = (change: Partial<Counts>, free = prices.free): number =>
    estimate({ ...workload, apps: 2 }, { ...none, ...change }, { ...prices, free }).total;
  expect(of({})).toBe(0);
  // 120 pushes of 10,000 GB-seconds, less the free 400,000.
  expect(of({ push: { ...nothing, armGbSeconds: 10_000 } })).toBeCloseTo(800_000 * 0.0000133334, 6);
  // 2,920 sweeps of one target.
  expect(of({ sweep: { ...nothing, dynamoWrites: 1000 } })).toBeCloseTo(2920 * 1000 * 0.000000625, 6);
  expect(of({ sweepApplication: { ...nothing, s3Puts: 1 } })).toBeCloseTo(2 * 2920 * 0.000005, 6);
  expect(of({ fixed: { ...none.fixed, alarms: 12, secrets: 3 } })).toBeCloseTo(0.2 + 1.2, 6);
  expect(of({ idleDay: { ...nothing, logKb: 1_000_000 } })).toBeCloseTo((730 / 24 - 5) * 0.5, 6);
});

test('managed Argo CD as AWS prices it', () => {
  expect(estimate(workload, counts, prices).managedArgoCd).toBeCloseTo(32.85, 2);
  expect(estimate({ ...workload, apps: 50 }, counts, prices).managedArgoCd).toBeCloseTo(76.65, 2);
});

test('more of anything never costs less, and what is free never makes it dearer', () => {
  const amount = integer({ min: 0, max: 2000 });
  assert(
    property(amount, amount, amount, integer({ min: 1, max: 1440 }), (apps, targets, pushesPerApp, minutes) => {
      const one = { apps, targets, pushesPerApp, driftEveryMinutes: minutes };
      const base = estimate(one, counts, prices);
      const more = [
        { ...one, apps: apps + 1 },
        { ...one, targets: targets + 1 },
        { ...one, pushesPerApp: pushesPerApp + 1 },
        { ...one, driftEveryMinutes: minutes / 2 },
      ];
      for (const workload of more) expect(estimate(workload, counts, prices).total).toBeGreaterThanOrEqual(base.total);
      expect(base.total).toBeLessThanOrEqual(base.withoutFree);
      expect(Object.values(base.services).every((cost) => cost >= 0)).toBe(true);
    }),
  );
});
