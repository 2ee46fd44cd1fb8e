// The table of `holdfast cost`, as Markdown that is readable on a terminal and goes into the README as it is.
import { type Counts, type Estimate, type Prices, services } from './model.ts';

const money = (amount: number): string => `$${amount.toFixed(2)}`;

/** The table and what it rests on. All estimates have the same rest of the workload. */
export function costText(estimates: readonly Estimate[], counts: Counts, prices: Prices): string {
  const head = [
    'a month',
    ...estimates.map(({ workload }) => `${workload.apps} application${workload.apps === 1 ? '' : 's'}`),
  ];
  const rows = [
    ...services.map((service) => [service, ...estimates.map((one) => money(one.services[service]))]),
    ['**Holdfast**', ...estimates.map((one) => `**${money(one.total)}**`)],
    ['free amounts used up elsewhere', ...estimates.map((one) => money(one.withoutFree))],
    ['managed Argo CD (EKS capability)', ...estimates.map((one) => money(one.managedArgoCd))],
  ];
  const width = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(width[column] ?? 0) : cell.padStart(width[column] ?? 0))).join(' | ')} |`;
  const rule = `|${width.map((size, column) => (column === 0 ? '-'.repeat(size + 2) : `${'-'.repeat(size + 1)}:`)).join('|')}|`;
  return `${[line(head), rule, ...rows.map(line)].join('\n')}\n\n${basis(estimates, counts, prices)}\n`;
}

function basis(estimates: readonly Estimate[], counts: Counts, prices: Prices): string {
  const [first] = estimates;
  const assumed =
    first === undefined
      ? ''
      : `${first.workload.pushesPerApp} pushes an application and month, drift looked for every ${first.workload.driftEveryMinutes} minutes on ${first.workload.targets} target${first.workload.targets === 1 ? '' : 's'}. `;
  const counted = counts.measured
    ? 'Requests were counted in benchmarks.'
    : 'Requests are calculated, not measured yet.';
  return `${assumed}${counted} Prices: ${prices.region}, ${prices.date}, without tax, clusters and what runs in them, and without NAT or VPC endpoints.`;
}
