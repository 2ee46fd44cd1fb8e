// `npm run bench:aws`: the stack as the CDK deploys it, in MiniStack and with a real kube-apiserver. One application changed of 1,000 in
// a repository, from the signed webhook until it is applied, by phase; what each thing that happens asks of AWS; memory of each function.
// `--write` puts the counts into lib/core/cost/counts.json.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { type FunctionName, functionNames, pascal } from '../../lib/stack/names.ts';
import { type Deployment, startDeployment } from '../support/aws/deployment.ts';
import { grantCluster, grantRole, targetRoleArn } from '../support/aws/grants.ts';
import { eventually } from '../support/eventually.ts';
import { commitAll, git, writeFiles, workTree } from '../support/git.ts';
import { between, type Invocation, isIdlePoll, type Part, Recorded } from './aws-record.ts';
import { Phases, type Pushed } from './aws-phases.ts';
import { type Measured, report, say, writeCounts } from './aws-report.ts';
import { appFile, chartValues, config, nameOf, repositoryFiles } from './aws-repository.ts';
import type { Sizes } from './aws-usage.ts';

const { values } = parseArgs({
  options: {
    apps: { type: 'string', default: '1000' },
    few: { type: 'string', default: '20' },
    pushes: { type: 'string', default: '15' },
    charts: { type: 'string', default: '5' },
    images: { type: 'string', default: '3' },
    sweeps: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
});
/** Measured with few applications, too: the difference says what each of the others adds. */
const [few, many] = [Number(values.few), Number(values.apps)];
const minute = 60_000;

interface Rig {
  readonly on: Deployment;
  readonly work: string;
  readonly all: Recorded;
  readonly sizes: Sizes;
}

/** Waits for something in what the functions have written since `from`. */
async function seen<T extends object | number | true>(
  all: Recorded,
  what: string,
  look: () => T | undefined,
  within = 3 * minute,
) {
  return await eventually(() => (all.refresh(), look()), { what, within, every: 25 });
}

async function main(scratch: string): Promise<void> {
  const file = path.join(scratch, 'record.jsonl');
  const role = 'arn:aws:iam::111122223333:role/holdfast-target';
  const on = await startDeployment({
    env: { HOLDFAST_TEST_RECORD: file },
    before: async (aws) => await grantRole(aws),
    context: { targetRoles: JSON.stringify([role]) },
  });
  try {
    if (targetRoleArn(on.aws) !== role) throw new TypeError('the role of targets has another name');
    await grantCluster(on.aws, on.plane, on.cluster);
    const { names, sizes } = await functionsOf(on);
    const rig: Rig = { on, work: path.join(on.dir, 'work'), all: new Recorded(file, names), sizes };
    await new ECRClient(on.aws.clientConfig()).send(new CreateRepositoryCommand({ repositoryName: 'shop' }));
    await putImage(on, '1.0.0');
    await firstApply(rig, few);
    const less = {
      apps: few + 2,
      pushes: await measurePushes(rig, 5, (push) => ({ app: nameOf(push), files: appFile(push, push) })),
      sweeps: await measureSweeps(rig, few, 2),
    };
    const first = await firstApply(rig, many);
    const pushes = await measurePushes(rig, Number(values.pushes), (push) => ({
      app: nameOf(few + push * 7),
      files: appFile(few + push * 7, push),
    }));
    const charts = await measurePushes(rig, Number(values.charts), (push) => ({
      app: 'chart',
      files: chartValues(push),
    }));
    const images = await measureImages(rig, Number(values.images));
    const sweeps = await measureSweeps(rig, many, Number(values.sweeps));
    const measured: Measured = {
      apps: many + 2,
      less,
      first,
      pushes,
      charts,
      images,
      sweeps,
      all: rig.all.refresh(),
      sizes,
    };
    report(measured);
    if (values.write) await writeCounts(measured);
  } finally {
    await on.close();
  }
}

async function functionsOf(on: Deployment) {
  const lambda = new LambdaClient(on.aws.clientConfig());
  const names = new Map<string, FunctionName>();
  const sizes = new Map<FunctionName, { readonly memory: number; readonly x86: boolean }>();
  for (const name of functionNames) {
    const deployed = on.outputs[`${pascal(name)}Function`] ?? '';
    const found = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: deployed }));
    names.set(deployed, name);
    sizes.set(name, { memory: found.MemorySize ?? 0, x86: found.Architectures?.[0] === 'x86_64' });
  }
  return { names, sizes };
}

async function putImage(on: Deployment, tag: string): Promise<void> {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', size: 2, digest: `sha256:${'0'.repeat(64)}` };
  const imageManifest = JSON.stringify({ schemaVersion: 2, config, layers: [], annotations: { tag } });
  const put = new PutImageCommand({ repositoryName: 'shop', imageManifest, imageTag: tag });
  await new ECRClient(on.aws.clientConfig()).send(put);
}

/** So many applications for the first time; answers what it took. */
async function firstApply({ on, work, all }: Rig, apps: number): Promise<Measured['first']> {
  const begun = existsSync(work);
  if (begun) writeFiles(work, repositoryFiles(on, apps));
  const revision = begun
    ? await commitAll(work, `${apps} applications`)
    : await workTree(work, repositoryFiles(on, apps));
  await git(work, 'push', '-q', on.repository, 'main');
  const from = Date.now();
  await on.deliver(revision);
  let told = 0;
  const end = await seen(
    all,
    'every application applied',
    () => {
      const ended = all.invocations.flatMap(({ events }) => events).filter(({ event }) => event === 'run-ended');
      const fine = new Set(ended.filter(({ message }) => message.startsWith('succeeded')).map(({ app }) => app));
      if (fine.size >= told + 100)
        say(`  ${(told = fine.size)} applied after ${((Date.now() - from) / 1000).toFixed(0)} s`);
      return fine.size >= apps + 2 ? Math.max(...ended.map(({ at }) => at)) : undefined;
    },
    25 * minute,
  );
  await atRest(all);
  const part = between(all, from, end, ['webhook', 'source', 'reconcile', 'render']);
  return { ms: end - from, apps: begun ? apps - few : apps + 2, part };
}

/** No function but the tick has begun to work for a while: what rang late has been answered. */
async function atRest(all: Recorded, quietMs = 2_500): Promise<void> {
  const since = Date.now();
  await seen(
    all,
    'rest',
    () => {
      const last = all.invocations.findLast((one) => one.function !== 'tick');
      return Date.now() - Math.max(since, (last?.at ?? 0) + (last?.ms ?? 0)) > quietMs ? true : undefined;
    },
    10 * minute,
  );
}

type Change = (push: number) => { readonly app: string; readonly files: Readonly<Record<string, string>> };

async function measurePushes({ on, work, all }: Rig, count: number, change: Change): Promise<readonly Pushed[]> {
  const pushes: Pushed[] = [];
  for (let push = 1; pushes.length < count; push++) {
    const { app, files } = change(push);
    writeFiles(work, files);
    const revision = await commitAll(work, `Change ${app}`);
    await git(work, 'push', '-q', on.repository, 'main');
    const from = Date.now();
    await on.deliver(revision);
    const answered = Date.now();
    const ended = await seen(all, app, () => findEnded(all, from, app));
    await atRest(all, 1_500);
    const source = findSource(all, from, app);
    // The poll saw the commit before its webhook was delivered: nothing is learned of the way from there.
    if (source === undefined) continue;
    const part = between(all, from, Date.now(), ['webhook', 'source', 'reconcile', 'render']);
    pushes.push({ part, phases: new Phases({ from, answered, source, ...ended, all }).read() });
  }
  return pushes;
}

function findEnded(all: Recorded, from: number, app: string) {
  for (const reconcile of all.invocations.filter((one) => one.function === 'reconcile' && one.at >= from)) {
    const end = reconcile.events.find((one) => one.event === 'run-ended' && one.app === app);
    if (end !== undefined) return { reconcile, end };
  }
  return undefined;
}

const findSource = (all: Recorded, from: number, app: string): Invocation | undefined =>
  all.invocations.find(
    (one) =>
      one.function === 'source' && one.at >= from && one.events.some(({ data }) => data?.apps?.includes(`root/${app}`)),
  );

/** An image that comes, the commit that it becomes, and the commit carried out. */
async function measureImages({ on, all, work }: Rig, count: number): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (let image = 1; image <= count; image++) {
    const from = Date.now();
    await putImage(on, `1.${image}.0`);
    await seen(all, 'the image applied', () => findEnded(all, from, 'shop'));
    await atRest(all);
    parts.push(between(all, from, Date.now(), ['image', 'webhook', 'source', 'reconcile', 'render']));
  }
  await git(work, 'pull', '-q', '--rebase', on.repository, 'main');
  return parts;
}

/** The target is swept each minute from now on; nothing has changed. */
async function measureSweeps({ on, work, all }: Rig, apps: number, count: number): Promise<readonly Invocation[]> {
  writeFiles(work, config(on, apps, '1m'));
  const revision = await commitAll(work, 'Sweep each minute');
  await git(work, 'push', '-q', on.repository, 'main');
  const from = Date.now();
  await on.deliver(revision);
  // An interval is nothing that a run would be made for.
  await seen(all, 'the interval', () => findSource(all, from, nameOf(0)));
  await atRest(all);
  const after = Date.now();
  const sweeps = (): readonly Invocation[] =>
    all.invocations.filter(
      (one) => one.function === 'reconcile' && one.at >= after && one.records.includes('target/prod'),
    );
  const enough = () => (sweeps().length >= count && all.invocations.some(isIdlePoll) ? sweeps() : undefined);
  return await seen(all, 'sweeps and a poll', enough, (count + 5) * minute);
}

const scratch = await mkdtemp(path.join(tmpdir(), 'holdfast-bench-'));
try {
  await main(scratch);
} finally {
  await rm(scratch, { recursive: true, force: true });
}
