// `holdfast cost`: what an installation costs a month, from counted requests and a price list with its date.
import { readFileSync } from 'node:fs';
import { type Counts, estimate, type Prices } from '../../core/cost/model.ts';
import { costText } from '../../core/cost/text.ts';
import { exitCodes, usage } from '../exit.ts';
import { type CommandFlags, text, wantsJson } from '../flags.ts';
import { writeOut } from '../output.ts';
import { parseDuration } from '../time.ts';

const table = [1, 10, 50];
const maxApps = 100_000;

export async function run(_names: readonly string[], flags: CommandFlags): Promise<number> {
  const counts = read('counts.json') as Counts;
  const prices = read('prices.json') as Prices;
  const minutes = parseDuration(text(flags, 'driftEvery') ?? '15m') / 60_000;
  if (minutes < 1) throw usage('Drift is looked for every minute at most', 'Write for example --drift-every 15m');
  const workload = {
    targets: whole(flags, 'targets', 1),
    pushesPerApp: whole(flags, 'pushes', 60),
    driftEveryMinutes: minutes,
  };
  const apps = text(flags, 'apps') === undefined ? table : [whole(flags, 'apps', 1)];
  const estimates = apps.map((count) => estimate({ ...workload, apps: count }, counts, prices));
  await writeOut(
    wantsJson(flags)
      ? `${JSON.stringify({ schemaVersion: 1, measured: counts.measured, prices: { date: prices.date, region: prices.region, currency: prices.currency }, estimates }, undefined, 2)}\n`
      : costText(estimates, counts, prices),
  );
  return exitCodes.ok;
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../core/cost/${file}`, import.meta.url), 'utf8'));
}

function whole(flags: CommandFlags, name: string, otherwise: number): number {
  const given = text(flags, name);
  if (given === undefined) return otherwise;
  const value = /^\d{1,6}$/.test(given) ? Number(given) : Number.NaN;
  if (value <= maxApps) return value;
  throw usage(`--${name} ${given} is not a number from 0 to ${maxApps}`);
}
