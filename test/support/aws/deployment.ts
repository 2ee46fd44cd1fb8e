// An installation as a person has it: the stack deployed by the CDK into MiniStack, a Git host to push to, and a real
// kube-apiserver behind an EKS cluster, whose tokens MiniStack reviews.
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createBuiltinHost, type PushedRef } from '../../../lib/adapters/githost/builtin.ts';
import { githubPushPayload } from '../../../lib/core/trigger/github.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { freePort } from '../cluster/processes.ts';
import { close, listen } from '../git.ts';
import { cdk } from './cdk.ts';
import { type Ministack, startMinistack } from './ministack/start.ts';
import { type CommandResult, runCommand } from './python.ts';

const root = path.join(import.meta.dirname, '..', '..', '..');

export interface DeploymentOptions {
  /** Context of the CDK app besides what is needed here, as `-c key=value` takes it. */
  readonly context?: Readonly<Record<string, string>>;
  /** Says in the stack which repository is followed; else `connect` must. Default true. */
  readonly connected?: boolean;
  /** More environment of MiniStack, and so of every function. */
  readonly env?: Readonly<Record<string, string>>;
  /** What must be there before the stack is deployed, such as roles of targets. */
  readonly before?: (aws: Ministack) => Promise<void>;
  /** Names of further stacks that the test deploys; else what happens in them becomes events. */
  readonly moreStacks?: readonly string[];
  /** What the Git host wants as password; it is open to everybody when absent. */
  readonly gitToken?: string;
  /** Controllers of the cluster. Default `none`. */
  readonly controllers?: 'none' | 'minimal';
}

export interface Deployment {
  readonly aws: Ministack;
  readonly plane: ControlPlane;
  /** Outputs of the stack. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Outputs of another stack that was deployed here. */
  outputsOf(stack: string): Promise<Readonly<Record<string, string>>>;
  /** URL of the repository on the Git host of this test, without credentials. Pushing to a new name there makes another one. */
  readonly repository: string;
  /** Name of the EKS cluster. */
  readonly cluster: string;
  /** A directory of this deployment. */
  readonly dir: string;
  /** Pushes that the Git host saw, oldest first. */
  readonly pushes: readonly PushedRef[];
  /** Delivers a push to the webhook's Function URL, signed. */
  deliver(after: string, options?: DeliverOptions): Promise<UrlAnswer>;
  /** A request to a Function URL of the stack. */
  request(url: string, init: UrlRequest): Promise<UrlAnswer>;
  /** `holdfast …` against the stack, with the credentials of the account. */
  cli(...args: readonly string[]): Promise<CommandResult>;
  /** The CDK on this stack, or on that of the context's `stackName`: `deploy`, `destroy`. */
  cdk(command: 'deploy' | 'destroy', context?: Readonly<Record<string, string>>): Promise<CommandResult>;
  close(): Promise<void>;
}

export interface DeliverOptions {
  readonly signature?: string;
  readonly delivery?: string;
  /** Of the stack whose webhook it is, when it is another one. */
  readonly outputs?: Readonly<Record<string, string>>;
  readonly repository?: string;
}

export interface UrlRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface UrlAnswer {
  readonly status: number;
  readonly body: string;
}

const cluster = 'prod';
const stack = 'Holdfast';

/** Brings everything up: half a minute, and more when parts must be built first. */
export async function startDeployment(options: DeploymentOptions = {}): Promise<Deployment> {
  const dir = await mkdtemp(path.join(tmpdir(), 'holdfast-deployment-'));
  const undo: (() => Promise<unknown>)[] = [() => rm(dir, { recursive: true, force: true, maxRetries: 5 })];
  const closeAll = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const { aws, plane } = await startParts(dir, options, undo);
    await options.before?.(aws);
    const host = await startHost(dir, undo, options.gitToken);
    const repository = `${host.url}/root.git`;
    const run = cdkOf(aws, dir, {
      ...(options.connected === false ? {} : { root: JSON.stringify({ url: repository, branch: 'main' }) }),
      ...options.context,
    });
    await cdk(['bootstrap', `aws://${aws.accountId}/${aws.region}`, '--output', path.join(dir, 'bootstrap.out')], {
      env: aws.env,
    });
    await run('deploy');
    const outputs = await outputsOf(dir, stack);
    return {
      aws,
      plane,
      outputs,
      outputsOf: async (name) => await outputsOf(dir, name),
      repository,
      cluster,
      dir,
      pushes: host.pushes,
      request: async (url, init) => await request(aws, url, init),
      deliver: async (after, given) => await deliver(aws, { outputs, repository, after, ...given }),
      cli: async (...args) =>
        await runCommand(
          path.join(root, 'node_modules', '.bin', 'node'),
          [path.join(root, 'bin', 'holdfast.ts'), ...args],
          {
            cwd: dir,
            env: { ...aws.env, NO_COLOR: '1' },
          },
        ),
      cdk: run,
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** The emulator and the apiserver know each other before either is up: a port and a secret are chosen for both. */
async function startParts(
  dir: string,
  options: DeploymentOptions,
  undo: (() => Promise<unknown>)[],
): Promise<{ readonly aws: Ministack; readonly plane: ControlPlane }> {
  const port = await freePort();
  const tokenSecret = randomBytes(16).toString('hex');
  const kube = path.join(dir, 'kube');
  const aws = await startMinistack({
    eks: { endpoint: `https://127.0.0.1:${port}`, caFile: path.join(kube, 'certs', 'apiserver.crt'), tokenSecret },
    emitEvents: { skipStacks: ['CDKToolkit', stack, ...(options.moreStacks ?? [])] },
    rawAwsEvents: true,
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  undo.push(() => aws.close());
  const webhook = path.join(dir, 'token-review.yaml');
  await writeFile(webhook, reviewConfig(aws.tokenReviewUrl(cluster, tokenSecret), aws.caFile));
  const plane = await startControlPlane({
    dir: kube,
    port,
    controllers: options.controllers ?? 'none',
    apiserverFlags: [
      `--authentication-token-webhook-config-file=${webhook}`,
      '--authentication-token-webhook-cache-ttl=1s',
    ],
  });
  undo.push(() => plane.stop());
  const eks = new EKSClient(aws.clientConfig());
  const roleArn = await clusterRole(aws);
  await eks.send(new CreateClusterCommand({ name: cluster, roleArn, resourcesVpcConfig: {} }));
  return { aws, plane };
}

/** The role that a cluster itself has; it must exist. */
async function clusterRole(aws: Ministack): Promise<string> {
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'eks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  };
  const command = new CreateRoleCommand({ RoleName: 'cluster', AssumeRolePolicyDocument: JSON.stringify(trust) });
  const { Role } = await new IAMClient(aws.clientConfig()).send(command);
  return Role?.Arn ?? '';
}

function reviewConfig(server: string, caFile: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'reviewer', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: 'apiserver', user: {} }],
    contexts: [{ name: 'reviewer', context: { cluster: 'reviewer', user: 'apiserver' } }],
    'current-context': 'reviewer',
  });
}

/** A Git host with an empty repository. */
async function startHost(dir: string, undo: (() => Promise<unknown>)[], token?: string) {
  const pushes: PushedRef[] = [];
  const host = createBuiltinHost({ directory: path.join(dir, 'git'), onPush: (push) => pushes.push(push) });
  await host.create('root');
  const server = createServer((req, res) => {
    const encoded = /^Basic (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';
    if (token !== undefined && Buffer.from(encoded, 'base64').toString().split(':')[1] !== token) {
      req.resume();
      res.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    host.handle(req, res).then(
      (handled) => (handled ? undefined : res.writeHead(404).end()),
      () => res.destroy(),
    );
  });
  const port = await listen(server);
  undo.push(() => close(server));
  return { url: `http://127.0.0.1:${port}`, pushes };
}

type CdkRun = Deployment['cdk'];

function cdkOf(aws: Ministack, dir: string, context: Readonly<Record<string, string>>): CdkRun {
  return async (command, more = {}) => {
    const settings = { ...context, ...more };
    const given = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    const name = settings['stackName'] ?? stack;
    const ways =
      command === 'deploy'
        ? ['--require-approval', 'never', '--progress', 'events', '--outputs-file', path.join(dir, `${name}.json`)]
        : ['--force'];
    return await cdk([command, name, ...ways, ...given, '--output', path.join(dir, 'cdk.out')], { env: aws.env });
  };
}

async function outputsOf(dir: string, name: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(path.join(dir, `${name}.json`), 'utf8');
  return (JSON.parse(text) as Record<string, Record<string, string>>)[name] ?? {};
}

/** The emulator serves every Function URL at its own address, told apart by the host that is asked for. */
async function request(
  aws: Ministack,
  url: string,
  { method, path: below, headers = {}, body }: UrlRequest,
): Promise<UrlAnswer> {
  const ca = await readFile(aws.caFile, 'utf8');
  const { host } = new URL(url);
  return await new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      // Else the certificate would have to be for the host in the header.
      servername: 'localhost',
      port: aws.port,
      ca,
      method,
      path: below,
      headers: { ...headers, host },
      agent: false,
    };
    const sent = https.request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

type Push = DeliverOptions & Required<Pick<DeliverOptions, 'outputs' | 'repository'>> & { readonly after: string };

async function deliver(aws: Ministack, push: Push): Promise<UrlAnswer> {
  const nothing = '0'.repeat(40);
  const { outputs, repository: url, after } = push;
  const payload = { repository: 'root', url, ref: 'refs/heads/main', before: nothing, after };
  const body = JSON.stringify(githubPushPayload(payload));
  const signature =
    push.signature ??
    createHmac('sha256', await webhookSecret(aws, outputs))
      .update(body)
      .digest('hex');
  return await request(aws, outputs['WebhookUrl'] ?? '', {
    method: 'POST',
    path: '/webhook/root',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': push.delivery ?? randomUUID(),
      'x-hub-signature-256': `sha256=${signature}`,
    },
    body,
  });
}

async function webhookSecret(aws: Ministack, outputs: Readonly<Record<string, string>>): Promise<string> {
  const secrets = new SecretsManagerClient(aws.clientConfig());
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: outputs['WebhookSecretArn'] }));
  const found = (JSON.parse(SecretString ?? '{}') as Record<string, string | readonly string[]>)['root'];
  return typeof found === 'string' ? found : (found?.[0] ?? '');
}
