// The sandbox cluster as a whole: its directory, its certificate and token, the server and the controllers.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Cluster } from './api/cluster.ts';
import { startServer } from './api/server.ts';
import { bootstrap, serveDefinitions } from './controllers/lifecycle.ts';
import { CONTROLLERS } from './controllers/registry.ts';
import { startRunner } from './controllers/runner.ts';
import { Catalog } from './kinds/catalog.ts';
import { ObjectStore } from './store/objects.ts';
import { makeServerCertificate, type ServerCertificate } from './x509.ts';

/** How to start a sandbox cluster. */
export interface SandboxClusterOptions {
  /** Where certificate, token, kubeconfig and objects are kept. Made when missing, readable by the owner only. One process at a time. */
  readonly dataDir: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly log?: (line: string) => void;
}

/** A running sandbox cluster. */
export interface SandboxCluster {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** The authority that the server's certificate verifies with. */
  readonly caPem: string;
  /** Bearer token of the one user, who may do everything. */
  readonly token: string;
  /** A kubeconfig for this cluster; holds the token, mode 0600. */
  readonly kubeconfigPath: string;
  close(): Promise<void>;
}

/** Starts the cluster of a data directory, with what it held before. */
export async function startSandboxCluster(options: SandboxClusterOptions): Promise<SandboxCluster> {
  const { dataDir } = options;
  const now = options.now ?? Date.now;
  const log = options.log ?? (() => undefined);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const certificate = keptCertificate(dataDir, now());
  const token = kept(path.join(dataDir, 'token'), () => randomBytes(32).toString('base64url'));
  const cluster: Cluster = {
    store: new ObjectStore(path.join(dataDir, 'objects.journal')),
    catalog: new Catalog(),
    now,
  };
  serveDefinitions(cluster);
  // What is served follows the definitions at once, before anyone is told of a change.
  cluster.store.subscribe(({ stored }) => {
    if (stored.shelf === 'customresourcedefinitions.apiextensions.k8s.io') serveDefinitions(cluster);
  });
  bootstrap(cluster);
  const server = await startServer({ cluster, certificate, token, port: options.port ?? 0, log });
  const runner = startRunner(cluster, CONTROLLERS, log);
  const url = `https://127.0.0.1:${server.port}`;
  const kubeconfigPath = path.join(dataDir, 'kubeconfig');
  writeWhole(kubeconfigPath, kubeconfig(url, certificate.certPem, token));
  return {
    url,
    caPem: certificate.certPem,
    token,
    kubeconfigPath,
    async close() {
      runner.stop();
      await server.close();
      cluster.store.close();
    },
  };
}

/** One file for both parts, so that a kill between them cannot leave a key without its certificate. */
function keptCertificate(dataDir: string, now: number): ServerCertificate {
  const pem = kept(path.join(dataDir, 'server.pem'), () => {
    const made = makeServerCertificate('holdfast-sandbox', now);
    return made.certPem + made.keyPem;
  });
  const split = pem.indexOf('-----BEGIN PRIVATE KEY-----');
  return { certPem: pem.slice(0, split), keyPem: pem.slice(split) };
}

function kept(file: string, make: () => string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const text = make();
  writeWhole(file, text);
  return text;
}

function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.next`, text, { mode: 0o600 });
  renameSync(`${file}.next`, file);
}

function kubeconfig(server: string, caPem: string, token: string): string {
  const name = 'holdfast-sandbox';
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  });
}
