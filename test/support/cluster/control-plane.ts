// A real Kubernetes control plane as plain processes on free ports of 127.0.0.1: etcd, kube-apiserver and, if wanted,
// kube-controller-manager and a fake kubelet. Everything lives in one directory and is thrown away.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { ensureTestkube } from './build.ts';
import { startFakeKubelet } from './fake-kubelet.ts';
import { call, type Endpoint } from './http.ts';
import { freePort, ProcessGroup } from './processes.ts';

export interface ControlPlaneOptions {
  /** Which controllers run. `none`: objects only. `minimal`: what workloads, namespaces and garbage collection need. Default `none`. */
  readonly controllers?: 'none' | 'minimal' | 'all';
  /** Pods become Ready, or fail as their annotation says. Default: as soon as there are controllers. */
  readonly kubelet?: boolean;
  /** Where state, logs and kubeconfigs go. Default: a fresh directory, removed by `stop`. */
  readonly dir?: string;
  /** More flags for kube-apiserver. */
  readonly apiserverFlags?: readonly string[];
  /** Port of kube-apiserver; any free one by default. */
  readonly port?: number;
}

export interface ControlPlane {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly caPem: string;
  /** Of a cluster administrator (`system:masters`: neither RBAC nor fair queueing holds it back). */
  readonly adminToken: string;
  /** Of user `dev` in group `devs`, who may do nothing until a binding says so. */
  readonly userToken: string;
  /** Paths of kubeconfig files for the two. */
  readonly kubeconfig: string;
  readonly userKubeconfig: string;
  readonly dir: string;
  /** Process ids by program, for measuring. */
  readonly pids: Readonly<Record<string, number>>;
  /** Resolves with what happened when a program ends by itself. */
  readonly ended: Promise<string>;
  /** Kills everything; safe to call twice. */
  stop(): Promise<void>;
}

const minimalControllers = [
  'namespace',
  'garbage-collector',
  'serviceaccount',
  'deployment',
  'replicaset',
  'statefulset',
  'daemonset',
  'job',
  'cronjob',
  'endpointslice',
  'disruption',
  'resourcequota',
  'clusterrole-aggregation',
  'horizontal-pod-autoscaler',
  'ttl-after-finished',
  'pod-garbage-collector',
].map((name) => `${name}-controller`);

const startDeadlineMs = 60_000;

/** Brings a control plane up (seconds; minutes when its program must be built first). */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binary = await ensureTestkube();
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(binary, options);
    } catch (error) {
      // Another process may have taken a port between finding it free and using it.
      if (attempt === 3 || !(error instanceof HoldfastError) || !/address already in use/.test(error.reason ?? '')) {
        throw error;
      }
    }
  }
}

async function startOnce(binary: string, options: ControlPlaneOptions): Promise<ControlPlane> {
  const controllers = options.controllers ?? 'none';
  const temporary = options.dir === undefined;
  const dir = options.dir ?? (await mkdtemp(path.join(tmpdir(), 'holdfast-cluster-')));
  await mkdir(dir, { recursive: true });
  const group = new ProcessGroup(binary, dir);
  const aborted = new AbortController();
  let kubelet: Promise<void> | undefined;
  const stop = async () => {
    aborted.abort();
    await kubelet;
    await group.kill();
    if (temporary) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const tokens = { admin: randomBytes(16).toString('hex'), user: randomBytes(16).toString('hex') };
    const [etcdPort, apiPort] = [await freePort(), options.port ?? (await freePort())];
    const url = `https://127.0.0.1:${apiPort}`;
    group.start('etcd', [path.join(dir, 'etcd'), `http://127.0.0.1:${etcdPort}`]);
    await writeCredentials(dir, tokens);
    group.start('apiserver', [...apiserverFlags(dir, etcdPort, apiPort), ...(options.apiserverFlags ?? [])]);
    const caPem = await group.until('certificate', startDeadlineMs, () => readCertificate(dir));
    const admin: Endpoint = { url, caPem, token: tokens.admin };
    await group.until('/readyz', startDeadlineMs, () => answers(admin, '/readyz'));

    const kubeconfig = await writeKubeconfig(path.join(dir, 'kubeconfig'), 'admin', admin);
    const userKubeconfig = await writeKubeconfig(path.join(dir, 'kubeconfig-user'), 'dev', {
      ...admin,
      token: tokens.user,
    });
    if (controllers !== 'none') {
      group.start('controllers', controllerFlags(kubeconfig, controllers));
      // The first thing the controllers make, and what Pods need.
      await group.until('the default ServiceAccount', startDeadlineMs, () =>
        answers(admin, '/api/v1/namespaces/default/serviceaccounts/default'),
      );
    }
    if (options.kubelet ?? controllers !== 'none') kubelet = startFakeKubelet(admin, aborted.signal);
    const { admin: adminToken, user: userToken } = tokens;
    const ended = group.ended();
    return { url, caPem, adminToken, userToken, kubeconfig, userKubeconfig, dir, pids: group.pids(), ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function writeCredentials(dir: string, tokens: { admin: string; user: string }): Promise<void> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(path.join(dir, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  const lines = [`${tokens.admin},admin,admin,"system:masters"`, `${tokens.user},dev,dev,"devs"`];
  await writeFile(path.join(dir, 'tokens.csv'), `${lines.join('\n')}\n`, { mode: 0o600 });
}

function apiserverFlags(dir: string, etcdPort: number, apiPort: number): string[] {
  const key = path.join(dir, 'sa.key');
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--cert-dir=${path.join(dir, 'certs')}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${apiPort}`,
    // No endpoint of its own: a machine without a usable host address is then fine, too.
    '--advertise-address=192.0.2.1',
    '--endpoint-reconciler-type=none',
    // The default range has 254 addresses, fewer than the Services of a benchmark.
    '--service-cluster-ip-range=10.96.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${path.join(dir, 'tokens.csv')}`,
  ];
}

function controllerFlags(kubeconfig: string, which: 'minimal' | 'all'): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--secure-port=0',
    // The default of 20 requests a second makes 250 Deployments wait for their ReplicaSets.
    '--kube-api-qps=1000',
    '--kube-api-burst=2000',
    `--controllers=${which === 'all' ? '*' : minimalControllers.join(',')}`,
  ];
}

async function readCertificate(dir: string): Promise<string | undefined> {
  // The key is written after the certificate: when it is there, the certificate is whole.
  await readFile(path.join(dir, 'certs', 'apiserver.key'));
  return readFile(path.join(dir, 'certs', 'apiserver.crt'), 'utf8');
}

async function answers(endpoint: Endpoint, urlPath: string): Promise<true | undefined> {
  return (await call(endpoint, { path: urlPath })).status === 200 ? true : undefined;
}

async function writeKubeconfig(file: string, user: string, endpoint: Endpoint): Promise<string> {
  const name = 'holdfast-cluster';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      {
        name,
        cluster: {
          server: endpoint.url,
          'certificate-authority-data': Buffer.from(endpoint.caPem).toString('base64'),
        },
      },
    ],
    users: [{ name: user, user: { token: endpoint.token } }],
    contexts: [{ name, context: { cluster: name, user } }],
  };
  await writeFile(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  return file;
}
