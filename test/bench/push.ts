// `npm run bench:push`: one application changed of 1,000 in a repository, pushed to a running server, applied in a real
// kube-apiserver. Prints the median with its phases, what deciding "affected" took, and the server's peak memory.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { startControlPlane } from '../support/cluster/control-plane.ts';

const { values } = parseArgs({
  options: { apps: { type: 'string', default: '1000' }, pushes: { type: 'string', default: '9' } },
});
const apps = Number(values.apps);
const root = path.resolve(import.meta.dirname, '../..');
const node = path.join(root, 'node_modules/.bin/node');

interface Seen {
  readonly event: string;
  readonly app?: string;
  readonly data?: { readonly ms?: Record<string, number>; readonly cost?: { readonly ms: Record<string, number> } };
  /** Milliseconds of this process when the line came. */
  readonly at: number;
}

const nameOf = (index: number): string => `app-${String(index).padStart(4, '0')}`;
const manifest = (name: string, value: number): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { value: "${value}" }\n`;
const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;

function git(cwd: string, ...args: readonly string[]): void {
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com', '-c', 'commit.gpgsign=false'];
  const { status, stderr } = spawnSync('git', [...identity, ...args], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${args[0]}: ${stderr}`);
}

async function writeApps(repository: string): Promise<void> {
  const lines = ['version: 1', 'targets: { bench: { kubeconfig: {} } }', 'defaults: { drift: { every: 1h } }', 'apps:'];
  for (let index = 0; index < apps; index++) {
    const name = nameOf(index);
    lines.push(`  - { name: ${name}, path: apps/${name}, target: bench, namespace: default }`);
    await mkdir(path.join(repository, 'apps', name), { recursive: true });
    await writeFile(path.join(repository, 'apps', name, 'config.yaml'), manifest(name, 0));
  }
  await writeFile(path.join(repository, 'holdfast.yaml'), `${lines.join('\n')}\n`);
  git(repository, 'init', '-q', '-b', 'main');
  git(repository, 'add', '.');
  git(repository, 'commit', '-q', '-m', 'All applications');
}

/** Lines of a server as they come, and waiting for one. */
class Lines {
  readonly #seen: Seen[] = [];
  #wake: () => void = () => undefined;

  add(line: string): void {
    this.#seen.push({ ...(JSON.parse(line) as Omit<Seen, 'at'>), at: performance.now() });
    this.#wake();
  }

  get count(): number {
    return this.#seen.length;
  }

  async until(
    what: string,
    find: (lines: readonly Seen[]) => Seen | undefined,
    from = 0,
    withinMs = 180_000,
  ): Promise<Seen> {
    const end = performance.now() + withinMs;
    for (;;) {
      const found = find(this.#seen.slice(from));
      if (found !== undefined) return found;
      if (performance.now() > end) throw new Error(`not seen: ${what}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 100);
      });
    }
  }
}

async function main(scratch: string): Promise<void> {
  const repository = path.join(scratch, 'repository');
  await mkdir(repository, { recursive: true });
  await writeApps(repository);
  const plane = await startControlPlane({ controllers: 'none' });
  const port = 20_000 + (process.pid % 20_000);
  const url = `http://127.0.0.1:${port}/bench.git`;
  const flags = [
    '--json',
    '--no-examples',
    '--data',
    path.join(scratch, 'data'),
    '--port',
    String(port),
    '--root',
    url,
  ];
  // Started as `npm start` starts it.
  const command = ['--max-semi-space-size=4', path.join(root, 'bin/holdfast.ts'), 'up', ...flags];
  const server = spawn(node, [...command, '--kubeconfig', plane.kubeconfig], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = new Lines();
  createInterface({ input: server.stdout }).on('line', (line) => lines.add(line));
  try {
    await lines.until('ready', (seen) => seen.find(({ event }) => event === 'ready'));
    await firstSync(repository, url, lines);
    await pushes(repository, url, lines);
    const status = await readFile(`/proc/${server.pid ?? 0}/status`, 'utf8');
    process.stdout.write(
      `peak memory of the server: ${Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024)} MiB (aim 300)\n`,
    );
  } finally {
    server.kill('SIGKILL');
    await once(server, 'exit');
    await plane.stop();
  }
}

async function firstSync(repository: string, url: string, lines: Lines): Promise<void> {
  const began = performance.now();
  git(repository, 'push', '-q', url, 'main');
  const isEnd = ({ event }: Seen): boolean => event === 'run-ended';
  const last = await lines.until('every application', (seen) =>
    seen.filter(isEnd).length >= apps ? seen.findLast(isEnd) : undefined,
  );
  process.stdout.write(`first sync of ${apps} applications: ${((last.at - began) / 1000).toFixed(1)} s\n`);
}

async function pushes(repository: string, url: string, lines: Lines): Promise<void> {
  const totals: number[] = [];
  const phases = new Map<string, number[]>();
  const note = (phase: string, ms: number): void => void phases.set(phase, [...(phases.get(phase) ?? []), ms]);
  for (let push = 1; push <= Number(values.pushes); push++) {
    const name = nameOf(push * 7);
    await writeFile(path.join(repository, 'apps', name, 'config.yaml'), manifest(name, push));
    git(repository, 'commit', '-q', '-a', '-m', `Change ${name}`);
    const from = lines.count;
    const began = performance.now();
    const pushed = once(spawn('git', ['push', '-q', url, 'main'], { cwd: repository, stdio: 'ignore' }), 'exit');
    const end = await lines.until(
      name,
      (seen) => seen.find((line) => line.event === 'run-ended' && line.app === name),
      from,
    );
    await pushed;
    totals.push(end.at - began);
    const affected = await lines.until('affected', (seen) => seen.find(({ event }) => event === 'affected'), from);
    for (const [phase, ms] of Object.entries({ ...affected.data?.ms, ...end.data?.cost?.ms })) note(phase, ms);
    note(
      'git push, webhook, queues',
      affected.at - began - Object.values(affected.data?.ms ?? {}).reduce((sum, ms) => sum + ms, 0),
    );
  }
  process.stdout.write(
    `push -> applied, 1 of ${apps}: median ${median(totals).toFixed(0)} ms of ${totals.length} (aim 1,000), slowest ${Math.max(...totals).toFixed(0)}\n`,
  );
  for (const [phase, ms] of phases) process.stdout.write(`  ${phase.padEnd(26)} ${median(ms).toFixed(1)} ms\n`);
}

const scratch = await mkdtemp(path.join(tmpdir(), 'holdfast-bench-'));
try {
  await main(scratch);
} finally {
  await rm(scratch, { recursive: true, force: true });
}
