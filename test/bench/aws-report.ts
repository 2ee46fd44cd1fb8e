// What the benchmark on AWS prints, and the counts it leaves for `holdfast cost`.
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import type { Counts, Usage } from '../../lib/core/cost/model.ts';
import { functionNames } from '../../lib/stack/names.ts';
import type { Pushed } from './aws-phases.ts';
import { during, type Invocation, isIdlePoll, type Part, type Recorded } from './aws-record.ts';
import { calls, mapUsage, median, medianUsage, type Sizes, usageOf } from './aws-usage.ts';

export interface Measured {
  readonly apps: number;
  /** The same with few applications. */
  readonly less: {
    readonly apps: number;
    readonly pushes: readonly Pushed[];
    readonly sweeps: readonly Invocation[];
  };
  readonly first: { readonly ms: number; readonly apps: number; readonly part: Part };
  readonly pushes: readonly Pushed[];
  readonly charts: readonly Pushed[];
  readonly images: readonly Part[];
  readonly sweeps: readonly Invocation[];
  readonly all: Recorded;
  readonly sizes: Sizes;
}

export const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Days have so many ticks, and polls of one repository. */
const ticksPerDay = 1440;
const pollsPerDay = 480;
/** Pollers of an event source with a limit on its concurrency, each asking for 20 seconds. */
const idlePollsPerDay = 2 * 5 * ((24 * 3600) / 20);

export function report(measured: Measured): void {
  const { apps, first, pushes, charts, images, all, sizes } = measured;
  say(`machine: ${cpus().length} shared processors (${cpus()[0]?.model ?? ''}), MiniStack and the cluster on the same`);
  say(`first apply of ${first.apps} applications: ${(first.ms / 1000).toFixed(1)} s`);
  sayUsage(
    '  each',
    mapUsage(usageOf(first.part, sizes), (value) => value / first.apps),
  );
  sayPhases(`push -> applied, 1 of ${measured.less.apps}`, measured.less.pushes);
  sayPhases(`push -> applied, 1 of ${apps}`, pushes);
  sayPhases('push -> applied, a chart', charts);
  const of = (parts: readonly Part[]): Usage => medianUsage(parts.map((part) => usageOf(part, sizes)));
  for (const [name, parts] of [
    ['push', pushes.map(({ part }) => part)],
    ['push of a chart', charts.map(({ part }) => part)],
    ['image update', images],
    [`push, 1 of ${measured.less.apps}`, measured.less.pushes.map(({ part }) => part)],
    [`sweep of ${apps} applications`, sweepParts(measured, measured.sweeps)],
    [`sweep of ${measured.less.apps} applications`, sweepParts(measured, measured.less.sweeps)],
    ['tick', ticks(measured)],
    ['poll', polls(measured)],
  ] as const) {
    if (parts.length === 0) continue;
    sayUsage(`${name} (median of ${parts.length})`, of(parts));
    sayCalls(parts);
  }
  say('peak memory, MiB (configured), processor time and wall clock, median ms warm:');
  for (const name of functionNames) {
    const ran = all.invocations.filter((one) => one.function === name);
    if (ran.length === 0) continue;
    const warm = ran.filter(({ cold }) => !cold);
    const peak = Math.max(...ran.map(({ peakMb }) => peakMb));
    const ms = `${median(warm.map(({ cpuMs }) => cpuMs)).toFixed(0)} ${median(warm.map(({ ms: wall }) => wall)).toFixed(0)}`;
    say(`  ${name.padEnd(12)} ${peak.toFixed(0)} (${sizes.get(name)?.memory}) ${ms}, ${ran.length} invocations`);
  }
}

function sayPhases(title: string, pushes: readonly Pushed[]): void {
  if (pushes.length === 0) return;
  const all = pushes.map(({ phases }) => phases);
  const names = [...new Set(all.flatMap((one) => [...one.keys()]))];
  say(`${title}: milliseconds, median and most of ${pushes.length}`);
  for (const name of names) {
    const ms = all.map((one) => one.get(name) ?? 0);
    say(
      `  ${name.padEnd(30)} ${median(ms).toFixed(0).padStart(6)} ${Math.max(...ms)
        .toFixed(0)
        .padStart(6)}`,
    );
  }
}

function sayUsage(title: string, usage: Usage): void {
  const numbers = Object.entries(usage).map(([name, value]) => `${name} ${Number((value as number).toPrecision(3))}`);
  say(`${title}: ${numbers.join(', ')}`);
}

/** The calls of a part in the middle. */
function sayCalls(parts: readonly Part[]): void {
  const part = [...parts].sort((a, b) => a.requests.length - b.requests.length)[parts.length >> 1];
  if (part !== undefined) for (const [call, count] of calls(part)) say(`    ${String(count).padStart(5)} ${call}`);
}

const ticks = ({ all }: Measured): readonly Part[] =>
  all.invocations.filter((one) => one.function === 'tick' && !one.cold).map((one) => during(all, one));

/** One that rings again waits for something, such as more images. */
const polls = ({ all }: Measured): readonly Part[] =>
  all.invocations
    .filter(isIdlePoll)
    .map((one) => during(all, one))
    .filter(({ requests }) => requests.every(({ service }) => service !== 'sqs'));

const sweepParts = ({ all }: Measured, sweeps: readonly Invocation[]): readonly Part[] =>
  sweeps.filter(({ cold }) => !cold).map((one) => during(all, one));

const countsFile = path.resolve(import.meta.dirname, '../../lib/core/cost/counts.json');

/** What a day costs on which nothing happens: ticks, polls, and asking empty queues. */
function idleDay(measured: Measured): Usage {
  const of = (parts: readonly Part[]): Usage => medianUsage(parts.map((part) => usageOf(part, measured.sizes)));
  const [tick, poll] = [of(ticks(measured)), of(polls(measured))];
  return mapUsage(tick, (value, name) => {
    const day = value * ticksPerDay + poll[name] * pollsPerDay;
    return name === 'sqsRequests' ? day + idlePollsPerDay : day;
  });
}

/** What is always there, and what each application adds: a line through two measurements. */
function line(
  few: Usage,
  many: Usage,
  apps: readonly [number, number],
): { readonly fixed: Usage; readonly each: Usage } {
  const each = mapUsage(many, (value, name) => Math.max(0, (value - few[name]) / (apps[1] - apps[0])));
  return { fixed: mapUsage(few, (value, name) => Math.max(0, value - each[name] * apps[0])), each };
}

export async function writeCounts(measured: Measured): Promise<void> {
  const before = JSON.parse(await readFile(countsFile, 'utf8')) as Counts;
  const { apps, less, sizes } = measured;
  const of = (parts: readonly Part[]): Usage => medianUsage(parts.map((part) => usageOf(part, sizes)));
  const pushed = (all: readonly Pushed[]): Usage => of(all.map(({ part }) => part));
  const swept = (all: readonly Invocation[]): Usage => of(sweepParts(measured, all));
  const push = line(pushed(less.pushes), pushed(measured.pushes), [less.apps, apps]);
  const sweep = line(swept(less.sweeps), swept(measured.sweeps), [less.apps, apps]);
  const rounded = (usage: Usage): Usage => mapUsage(usage, (value) => Number(value.toPrecision(3)));
  const counts: Counts = {
    ...before,
    measured: true,
    note: `Counted on ${new Date().toISOString().slice(0, 10)} by npm run bench:aws: the deployed stack in an emulator, ${apps} applications, medians, of seconds the least.`,
    idleDay: rounded(idleDay(measured)),
    sweep: rounded(sweep.fixed),
    sweepApplication: rounded(sweep.each),
    push: rounded(push.fixed),
    pushApplication: rounded(push.each),
  };
  await writeFile(countsFile, `${JSON.stringify(counts, undefined, 2)}\n`);
}
