// How long a new process takes to import each function as it is deployed: the part of a cold start that is ours. The wall clock
// says what somebody waits; processor time says it also on a busy machine. Beside it, one client of the SDK as npm installs it.
// npm run bench:cold [-- ROUNDS]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HoldfastError } from '../../lib/core/errors.ts';
import { variables } from '../../lib/runtime/lambda/env.ts';
import { bundleFunctions, projectRoot } from '../../lib/stack/bundle.ts';
import { functionNames } from '../../lib/stack/names.ts';

/** Milliseconds that an import may take. */
const limits: Readonly<Record<string, number>> = { webhook: 100, reconcile: 200, source: 250 };
const peer = '@aws-sdk/client-sqs';

interface Import {
  readonly wallMs: number;
  readonly cpuMs: number;
}

const program = `
const cpu = process.cpuUsage(), start = performance.now();
await import(process.argv[1]);
const wallMs = performance.now() - start, { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }));
process.exit(0);`;

const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.values(variables).map((name) => [name, 'https://sqs.eu-west-1.amazonaws.com/1/x'])),
  AWS_REGION: 'eu-west-1',
};

function importOnce(module: string): Import {
  const args = ['--input-type=module', '--eval', program, module];
  const ran = spawnSync(process.execPath, args, { cwd: projectRoot, env: environment, encoding: 'utf8' });
  if (ran.status === 0) return JSON.parse(ran.stdout) as Import;
  throw new HoldfastError({
    code: 'BenchCommandFailed',
    source: 'system',
    message: `${module} cannot be imported`,
    reason: ran.stderr.slice(-1_000),
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

const rounds = Number(process.argv[2] ?? '9');
const out = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
try {
  const { directories } = bundleFunctions({ out });
  const modules = [
    [peer, peer] as const,
    ...functionNames.map((name) => [name, join(directories[name], 'index.mjs')] as const),
  ];
  const seen = new Map<string, Import[]>(modules.map(([name]) => [name, []]));
  // Round by round, so that a busy moment falls on all of them.
  for (let round = 0; round < rounds; round++) {
    for (const [name, module] of modules) seen.get(name)?.push(importOnce(module));
  }
  const cpuOf = (name: string): number => median((seen.get(name) ?? []).map(({ cpuMs }) => cpuMs));
  console.log(`median of ${rounds} new processes      wall ms   CPU ms   CPU to ${peer}   limit ms`);
  for (const [name, imports] of seen) {
    const wall = median(imports.map(({ wallMs }) => wallMs)).toFixed(0);
    const ratio = (cpuOf(name) / cpuOf(peer)).toFixed(2);
    const limit = String(limits[name] ?? '');
    console.log(
      `${name.padEnd(30)}${wall.padStart(11)}${cpuOf(name).toFixed(0).padStart(9)}${ratio.padStart(15)}${limit.padStart(24)}`,
    );
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
