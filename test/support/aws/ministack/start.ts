// Starts MiniStack for a test: one process on one port of 127.0.0.1, with TLS, and with IAM checked as far as it can.
//
// What it enforces: policies of roles and users, trust policies, bucket policies, capabilities, signatures of IAM keys and sessions.
// What it does not, so that the template is asserted for it: who may deliver events to a function or queue, queue policies, the
// permission of a Function URL, the rights of event sources, of the Scheduler and of CloudFormation, iam:PassRole.
// The account's own key is its root, and its signature is never looked at: a test about rights needs a user or role.
// Concurrency of functions is without bound, their memory is not limited, and after an error the next call is a cold one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { HoldfastError } from '../../../../lib/core/errors.ts';
import { freePort } from '../../cluster/processes.ts';
import { nodeDirectory, nodeOnPath } from '../cdk.ts';
import { ensureMinistack } from './install.ts';

export interface MinistackOptions {
  /** Every EKS cluster that is created answers with this apiserver. */
  readonly eks?: {
    readonly endpoint: string;
    /** File with the apiserver's certificate authority, PEM; read when a cluster is created. */
    readonly caFile: string;
    /** Last part of the token review's path, see `tokenReviewUrl`: 16 or more letters, digits, `_` and `-`. */
    readonly tokenSecret: string;
  };
  /** ECR pushes and stack changes become events on the default bus, but not of these stacks (each event may start a function). */
  readonly emitEvents?: { readonly skipStacks: readonly string[] };
  /** PutEvents takes sources that begin with `aws.`. */
  readonly rawAwsEvents?: boolean;
  /** More environment: every Lambda function inherits it too, e.g. `AWS_ENDPOINT_URL_CLOUDFORMATION`. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Keys of a user or role; without them the account's root. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What the constructor of any SDK client takes. */
export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Keys;
  readonly requestHandler: { readonly httpsAgent: https.Agent };
}

export interface Ministack {
  /** `https://127.0.0.1:PORT`: with a host name instead, the S3 client would look for a host per bucket. */
  readonly endpoint: string;
  readonly port: number;
  /** The certificate that clients must trust, PEM. */
  readonly caFile: string;
  /** For child processes that use the SDK or the CDK; nothing of the person's own settings. */
  readonly env: Readonly<Record<string, string>>;
  readonly accountId: string;
  readonly region: string;
  readonly logFile: string;
  readonly pid: number;
  /** Removed by `close`; a place for what belongs to this run. */
  readonly dir: string;
  /** For clients in this process. */
  clientConfig(keys?: Keys): ClientConfig;
  /** Where the apiserver of an EKS cluster has tokens reviewed, under the certificate of `caFile`. */
  tokenReviewUrl(cluster: string, tokenSecret: string): string;
  /** Ends the process and its functions and removes all they wrote; safe to call twice. */
  close(): Promise<void>;
}

const accountId = '111122223333';
const region = 'eu-west-1';
const rootKeys: Keys = { accessKeyId: accountId, secretAccessKey: 'test' };
const startDeadlineMs = 60_000;
/** A custom resource in flight makes it deaf to SIGTERM. */
const stopDeadlineMs = 4_000;

/** Brings MiniStack up (a second or two; more when it must be installed first). Throws `MinistackStart`. */
export async function startMinistack(options: MinistackOptions = {}): Promise<Ministack> {
  const python = await ensureMinistack();
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(python, options);
    } catch (error) {
      // Another process may have taken the port between finding it free and using it.
      const taken = error instanceof HoldfastError && /already in use/.test(error.reason ?? '');
      if (attempt === 3 || !taken) throw error;
    }
  }
}

async function startOnce(python: string, options: MinistackOptions): Promise<Ministack> {
  // The real path: the certificate and layers are found by it from elsewhere.
  const dir = await realpath(await mkdtemp(path.join(tmpdir(), 'holdfast-ministack-')));
  const port = await freePort();
  const logFile = path.join(dir, 'ministack.log');
  const child = startProcess(python, logFile, await processEnvironment(dir, port, options));
  const agents: https.Agent[] = [];
  const close = async (): Promise<void> => {
    for (const agent of agents.splice(0)) agent.destroy();
    await child.end();
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  const caFile = path.join(dir, 'ministack-tls', 'server.crt');
  const endpoint = `https://127.0.0.1:${port}`;
  try {
    await untilReady({ caFile, endpoint, logFile, ended: child.ended });
    const ca = await readFile(caFile, 'utf8');
    return {
      endpoint,
      port,
      caFile,
      accountId,
      region,
      logFile,
      dir,
      close,
      pid: child.pid,
      env: clientEnvironment(dir, endpoint, caFile),
      clientConfig: (credentials = rootKeys) => {
        const httpsAgent = new https.Agent({ ca, keepAlive: true });
        agents.push(httpsAgent);
        return { endpoint, region, credentials, requestHandler: { httpsAgent } };
      },
      tokenReviewUrl: (cluster, secret) =>
        `${endpoint}/_ministack/eks-auth/${accountId}/${region}/${cluster}/${secret}`,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** All that MiniStack sees: its functions inherit it, and would find in it what their stack forgot to give them. */
async function processEnvironment(dir: string, port: number, { eks, emitEvents, rawAwsEvents, env }: MinistackOptions) {
  return {
    HOME: dir,
    TMPDIR: dir,
    PATH: `${await nodeDirectory()}:/usr/bin:/bin`,
    LANG: 'C.UTF-8',
    BIND_HOST: '127.0.0.1',
    MINISTACK_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    MINISTACK_REGION: region,
    MINISTACK_ACCOUNT_ID: accountId,
    AWS_ACCESS_KEY_ID: rootKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: rootKeys.secretAccessKey,
    AUTH: 'true',
    USE_SSL: '1',
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
    LOG_LEVEL: 'INFO',
    ...(rawAwsEvents === true && { HOLDFAST_TEST_RAW_AWS_EVENTS: '1' }),
    ...(emitEvents !== undefined && {
      HOLDFAST_TEST_EMIT_EVENTS: '1',
      HOLDFAST_TEST_EMIT_SKIP: emitEvents.skipStacks.join(','),
    }),
    ...(eks !== undefined && {
      HOLDFAST_TEST_EKS_ENDPOINT: eks.endpoint,
      HOLDFAST_TEST_EKS_CA: eks.caFile,
      HOLDFAST_TEST_EKS_TOKEN: eks.tokenSecret,
    }),
    ...env,
  };
}

function clientEnvironment(dir: string, endpoint: string, caFile: string): Readonly<Record<string, string>> {
  return {
    HOME: dir,
    PATH: nodeOnPath(),
    AWS_ENDPOINT_URL: endpoint,
    NODE_EXTRA_CA_CERTS: caFile,
    AWS_ACCESS_KEY_ID: rootKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: rootKeys.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DEFAULT_ACCOUNT: accountId,
    CDK_DEFAULT_REGION: region,
    CI: '1',
  };
}

interface Child {
  readonly pid: number;
  readonly ended: () => boolean;
  end(): Promise<void>;
}

function startProcess(python: string, logFile: string, env: NodeJS.ProcessEnv): Child {
  const log = openSync(logFile, 'w');
  // Its own process group: a Ctrl-C in the terminal must reach us first. The pipe on stdin closes however we end, and then it ends.
  const launcher = path.join(import.meta.dirname, 'launcher.py');
  const child = spawn(python, ['-B', launcher], { env, detached: true, stdio: ['pipe', log, log] });
  closeSync(log);
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  const ended = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.on('exit', killAtExit);
  return {
    pid: child.pid ?? 0,
    ended,
    end: async () => {
      process.off('exit', killAtExit);
      if (ended()) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs);
      await gone;
      clearTimeout(timer);
      endGroup(child.pid);
    },
  };
}

/** What functions had started themselves, e.g. kubectl, does not hear of the end of their worker. */
function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

interface Starting {
  readonly caFile: string;
  readonly endpoint: string;
  readonly logFile: string;
  readonly ended: () => boolean;
}

async function untilReady({ caFile, endpoint, logFile, ended }: Starting): Promise<void> {
  const deadline = performance.now() + startDeadlineMs;
  while (performance.now() < deadline && !ended()) {
    if (existsSync(caFile) && (await isReady(endpoint, caFile).catch(() => false))) return;
    await pause(25);
  }
  throw new HoldfastError({
    code: 'MinistackStart',
    source: 'system',
    message: ended() ? 'MiniStack ended while it was starting' : 'MiniStack did not get ready in time',
    reason: (await readFile(logFile, 'utf8')).trim().split('\n').slice(-20).join('\n'),
  });
}

async function isReady(endpoint: string, caFile: string): Promise<boolean> {
  const ca = await readFile(caFile, 'utf8');
  return await new Promise((resolve, reject) => {
    const request = https.get(`${endpoint}/_ministack/ready`, { ca, agent: false, timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', reject);
  });
}
