// The benchmark's table: medians, ratios against the floor and against kubectl of the same run, requests per object.
import type { Measurement } from './measure.ts';

/** Prints one line per tool and phase on stdout. */
export function printReport(results: ReadonlyMap<string, readonly Measurement[]>, objects: number): void {
  const lines = [header()];
  for (const [key, measurements] of results) lines.push(row(key, measurements, results, objects));
  process.stdout.write(`${objects} objects, medians\n${lines.join('\n')}\n`);
}

const columns = [
  'tool',
  'wall s',
  'min-max',
  'sent s',
  'x floor',
  'x kubectl',
  'requests',
  'per object',
  'peak MB',
  'CPU s',
  'server CPU s',
];
const widths = [18, 8, 12, 8, 9, 10, 34, 11, 8, 8, 13];

function line(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(' ')
    .trimEnd();
}

function header(): string {
  return line(columns);
}

function row(
  key: string,
  measurements: readonly Measurement[],
  results: ReadonlyMap<string, readonly Measurement[]>,
  objects: number,
): string {
  const walls = measurements.map(({ wallMs }) => wallMs);
  const sent = measurements.map(({ printed }) => Number(printed?.ms)).filter((ms) => !Number.isNaN(ms));
  const { requests = {} } = measurements.at(-1) ?? {};
  const total = Object.values(requests).reduce((sum, count) => sum + count, 0);
  // Compared with the same phase; what is cached is compared with what others do again.
  const phase = key.endsWith(' first') ? 'first' : 'again';
  return line([
    key,
    seconds(median(walls)),
    `${seconds(Math.min(...walls))}-${seconds(Math.max(...walls))}`,
    sent.length === 0 ? '' : seconds(median(sent)),
    ratio(median(walls), results.get(`floor ${phase}`)),
    ratio(median(walls), results.get(`kubectl ${phase}`)),
    Object.entries(requests)
      .map(([verb, count]) => `${verb} ${count}`)
      .join(', '),
    (total / objects).toFixed(3),
    median(measurements.map(({ peakMb }) => peakMb)).toFixed(0),
    seconds(median(measurements.map(({ ownCpuMs }) => ownCpuMs))),
    seconds(median(measurements.map(({ serverCpuMs }) => serverCpuMs))),
  ]);
}

function ratio(wallMs: number, peer: readonly Measurement[] | undefined): string {
  if (peer === undefined) return '';
  return (wallMs / median(peer.map((measurement) => measurement.wallMs))).toFixed(2);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return (low + high) / 2;
}
