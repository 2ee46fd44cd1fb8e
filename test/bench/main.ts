// `npm run bench`: applies 1,000 small objects to a real kube-apiserver with several tools in turn, and prints ratios and
// request counts. Rounds are interleaved, because the machine is not quiet; nothing here is a timed test.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { startControlPlane } from '../support/cluster/control-plane.ts';
import { call } from '../support/cluster/http.ts';
import { ensureKubectl } from '../support/real/kubectl.ts';
import { measure, type Measurement } from './measure.ts';
import { benchApps, benchNamespaces, toYaml, writeRepository } from './objects.ts';
import { printReport } from './report.ts';
import { type BenchInput, type BenchTool, benchTools } from './tools.ts';

const usage = `Usage: npm run bench -- [--rounds N] [--apps N] [--controllers none|minimal] [--only TOOL[,TOOL]]

  --rounds N   how often each tool is measured, in turn (default 3); medians are printed
  --apps N     applications of four objects each (default 250)
  --controllers  none (default): the way to the cluster alone; minimal: Deployments get a status, the machine more to do
  --only T     of ${benchTools.map(({ name }) => name).join(', ')}
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    apps: { type: 'string', default: '250' },
    controllers: { type: 'string', default: 'none' },
    only: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});

/** Tool and phase -> one measurement per round. */
type Results = Map<string, Measurement[]>;

async function main(): Promise<void> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'holdfast-bench-'));
  try {
    const wanted = values.only?.split(',');
    const tools = benchTools.filter(({ name }) => wanted === undefined || wanted.includes(name));
    const results: Results = new Map();
    const set = await writeSet(scratch, Number(values.apps));
    for (let round = 1; round <= Number(values.rounds); round++) {
      for (const tool of tools) {
        process.stderr.write(`round ${round} of ${values.rounds}: ${tool.name}\n`);
        await measureTool(tool, { ...set, scratch: path.join(scratch, `${tool.name}-${round}`) }, results);
      }
    }
    printReport(results, Number(values.apps) * 4);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type BenchSet = Pick<BenchInput, 'file' | 'repository' | 'kubectl'>;

async function writeSet(scratch: string, count: number): Promise<BenchSet> {
  const apps = benchApps(count);
  const text = (value: unknown) => stringify(value, { aliasDuplicateObjects: false });
  const [file, repository] = [path.join(scratch, 'objects.yaml'), path.join(scratch, 'repository')];
  await writeFile(
    file,
    toYaml(
      apps.flatMap(({ objects }) => objects),
      text,
    ),
  );
  await mkdir(repository, { recursive: true });
  await writeRepository(repository, apps, text);
  const git = (...args: string[]) => {
    const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com', '-c', 'commit.gpgsign=false'];
    const { status, stderr } = spawnSync('git', [...identity, ...args], { cwd: repository, encoding: 'utf8' });
    if (status !== 0) process.stderr.write(`git ${args[0]}: ${stderr}\n`);
  };
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'The set');
  return { file, repository, kubectl: await ensureKubectl() };
}

/** A fresh control plane for each tool and round: what another tool left behind would change the numbers. */
async function measureTool(tool: BenchTool, set: BenchSet & { scratch: string }, results: Results): Promise<void> {
  await mkdir(set.scratch, { recursive: true });
  const plane = await startControlPlane({ controllers: values.controllers === 'minimal' ? 'minimal' : 'none' });
  try {
    const caFile = path.join(set.scratch, 'ca.crt');
    await writeFile(caFile, plane.caPem);
    const endpoint = { url: plane.url, caPem: plane.caPem, token: plane.adminToken };
    for (const name of benchNamespaces()) {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      await call(endpoint, { method: 'POST', path: '/api/v1/namespaces', body });
    }
    for (const [phase, command] of tool.phases) {
      const input: BenchInput = { ...set, plane, caFile };
      const key = `${tool.name} ${phase}`;
      const measurements = results.get(key) ?? [];
      measurements.push(await measure(plane, await command(input)));
      results.set(key, measurements);
    }
  } finally {
    await plane.stop();
  }
}

if (values.help) process.stdout.write(usage);
else {
  await main().catch((error: unknown) => {
    const { message, reason } = error as { message?: string; reason?: string };
    process.stderr.write(`bench: ${message ?? String(error)}\n${reason ?? ''}\n`);
    process.exitCode = 2;
  });
}
