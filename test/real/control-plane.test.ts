// The rig itself: `npm run cluster` as a person uses it, and Pods that fail as they are told to.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../support/cluster/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { kubectl } from '../support/real/kubectl.ts';
import { tempDir } from '../support/temp-dir.ts';

const cli = path.resolve(import.meta.dirname, '../support/cluster/cli.ts');

function startCli(...args: string[]): { child: ChildProcess; output: () => string } {
  // A killed process leaves its directory: here, where it goes with the test.
  const env = { ...process.env, TMPDIR: tempDir() };
  const child = spawn(process.execPath, [cli, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  return { child, output: () => output };
}

test('npm run cluster: up, used, ended by Ctrl-C with status 130, nothing left', async () => {
  const kubeconfig = path.join(tempDir(), 'kubeconfig');
  const { child, output } = startCli('--kubeconfig', kubeconfig, '--controllers', 'none');
  await eventually(() => output().includes(`export KUBECONFIG=${kubeconfig}\n`), { within: 60_000 });
  expect((await kubectl(kubeconfig, ['get', 'namespace', 'default', '-o', 'name'])).stdout).toBe('namespace/default\n');
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
  expect((await kubectl(kubeconfig, ['get', 'namespaces'])).code).toBe(1);
});

test('npm run cluster: killed, its programs end all the same', async () => {
  const kubeconfig = path.join(tempDir(), 'kubeconfig');
  const { child, output } = startCli('--kubeconfig', kubeconfig, '--controllers', 'none');
  await eventually(() => output().includes('export KUBECONFIG'), { within: 60_000 });
  child.kill('SIGKILL');
  const code = async () => (await kubectl(kubeconfig, ['version', '--request-timeout=1s'])).code;
  expect(await eventually(async () => (await code()) !== 0, { within: 10_000 })).toBe(true);
});

test('a stopped control plane leaves no directory, and stopping it twice is nothing', async () => {
  const short = await startControlPlane({ controllers: 'none' });
  expect(existsSync(short.kubeconfig)).toBe(true);
  await short.stop();
  await short.stop();
  expect(existsSync(short.dir)).toBe(false);
});

test.each([
  [['--help'], 0, 'Usage: npm run cluster'],
  [['--controllers', 'some'], 3, "not 'some'"],
  [['--nonsense'], 3, '--nonsense'],
])('npm run cluster %j', async (args, code, text) => {
  const { child, output } = startCli(...args);
  expect((await once(child, 'exit'))[0]).toBe(code);
  await eventually(() => output().includes(text));
});

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ controllers: 'minimal' });
});
afterAll(() => plane?.stop());

function deployment(name: string, behave: string): object {
  const template = {
    metadata: { labels: { app: name }, annotations: { 'rig/behave': behave } },
    spec: { containers: [{ name: 'c', image: 'c' }] },
  };
  const spec = { replicas: 1, progressDeadlineSeconds: 1, selector: { matchLabels: { app: name } }, template };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec };
}

async function apply(object: object): Promise<void> {
  expect(await kubectl(plane.kubeconfig, ['apply', '-f', '-'], JSON.stringify(object))).toMatchObject({ code: 0 });
}

/** Waits until what kubectl prints for a JSON path holds the text. */
function shown(path: string, args: readonly string[], text: string): Promise<string> {
  const look = async () => (await kubectl(plane.kubeconfig, ['get', ...args, '-o', `jsonpath=${path}`])).stdout;
  const found = async () => {
    const output = await look();
    return output.includes(text) ? output : undefined;
  };
  return eventually(found, { within: 15_000, every: 200, what: `${args.join(' ')}: ${text}` });
}

test.each([
  ['crash', '{.items[*].status.containerStatuses[*].state.waiting.reason}', 'CrashLoopBackOff'],
  ['pull', '{.items[*].status.containerStatuses[*].state.waiting.reason}', 'ImagePullBackOff'],
  ['pending', '{.items[*].status.phase}', 'Pending'],
])('a Pod that is told to %s does, and its Deployment gives up in the end', async (behave, where, text) => {
  await apply(deployment(behave, behave));
  expect(await shown(where, ['pods', '-l', `app=${behave}`], text)).toContain(text);
  const progressing = '{.status.conditions[?(@.type=="Progressing")].reason}';
  const end = 'ProgressDeadlineExceeded';
  expect(await shown(progressing, ['deployment', behave], end)).toBe(end);
});

test('Jobs: one completes, one fails for good', async () => {
  const job = (name: string, annotations: object) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { annotations },
        spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'c' }] },
      },
    },
  });
  await apply(job('good', {}));
  await apply(job('bad', { 'rig/behave': 'fail' }));
  expect(await shown('{.status.conditions[?(@.status=="True")].type}', ['job', 'good'], 'Complete')).toContain(
    'Complete',
  );
  const reason = '{.status.conditions[?(@.status=="True")].reason}';
  expect(await shown(reason, ['job', 'bad'], 'BackoffLimitExceeded')).toContain('BackoffLimitExceeded');
});
