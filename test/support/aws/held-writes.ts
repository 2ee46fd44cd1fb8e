// Holds writes to a cluster in the middle of an apply: an admission webhook that answers when the test says so.
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { ControlPlane } from '../cluster/control-plane.ts';
import { kubectl } from '../real/kubectl.ts';
import type { Ministack } from './ministack/start.ts';

export interface HeldWrites {
  /** Names of the objects whose writes are held now. */
  readonly held: readonly string[];
  /** Names of the objects that were let through while others were held. */
  readonly passed: readonly string[];
  /** From now on the first `pass` writes go through and the others wait. */
  hold(pass: number): void;
  /** Lets everything through. */
  release(): void;
  close(): Promise<void>;
}

interface Review {
  readonly request: { readonly uid: string; readonly name: string; readonly dryRun?: boolean };
}

/** Watches writes of config maps in one namespace. */
export async function holdWrites(aws: Ministack, plane: ControlPlane, namespace: string): Promise<HeldWrites> {
  const tls = path.join(path.dirname(aws.caFile), 'server');
  const cert = await readFile(`${tls}.crt`, 'utf8');
  const held = new Map<string, () => void>();
  const passed: string[] = [];
  let left = Infinity;
  const server = https.createServer({ cert, key: await readFile(`${tls}.key`, 'utf8') }, (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const { request } = JSON.parse(Buffer.concat(chunks).toString()) as Review;
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
      const allow = (): void =>
        void res
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ ...review, response: { uid: request.uid, allowed: true } }));
      if (request.dryRun === true || left === Infinity) allow();
      else if (left > 0) {
        left -= 1;
        passed.push(request.name);
        allow();
      } else held.set(request.name, allow);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await kubectl(plane.kubeconfig, ['apply', '-f', '-'], registration(namespace, `https://127.0.0.1:${port}/`, cert));
  const release = (): void => {
    left = Infinity;
    for (const allow of held.values()) allow();
    held.clear();
  };
  return {
    get held() {
      return [...held.keys()];
    },
    passed,
    hold: (pass) => {
      passed.length = 0;
      left = pass;
    },
    release,
    close: async () => {
      release();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function registration(namespace: string, url: string, cert: string): string {
  return JSON.stringify({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'held-writes' },
    webhooks: [
      {
        name: 'held.writes.test',
        clientConfig: { url, caBundle: Buffer.from(cert).toString('base64') },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE', 'UPDATE'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Ignore',
        timeoutSeconds: 30,
      },
    ],
  });
}
