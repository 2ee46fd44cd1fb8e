// A small client for the tests of the sandbox cluster.
import { Agent, request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { onTestFinished } from 'vitest';
import { startSandboxCluster, type SandboxCluster } from '../../../../lib/adapters/sandbox/cluster/server.ts';
import type { JsonObject } from '../../../../lib/core/json.ts';
import { listAt, textAt } from '../../../../lib/adapters/sandbox/cluster/json.ts';
import { tempDir } from '../../../support/temp-dir.ts';

/** What came back. `body` is empty when it is not JSON. */
export interface Reply {
  readonly status: number;
  readonly body: JsonObject;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Client {
  readonly cluster: SandboxCluster;
  readonly dataDir: string;
  readonly send: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>;
  /** Server-side apply. */
  readonly apply: (path: string, body: unknown, manager?: string, query?: string) => Promise<Reply>;
}

/** A client of a fresh cluster that ends with the test. */
export async function freshCluster(): Promise<Client> {
  const dataDir = tempDir();
  const cluster = await startSandboxCluster({ dataDir });
  onTestFinished(() => cluster.close());
  return clientOf(cluster, dataDir);
}

export function clientOf(cluster: SandboxCluster, dataDir: string): Client {
  const agent = new Agent({ keepAlive: true, ca: cluster.caPem });
  const send: Client['send'] = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      const all = {
        authorization: `Bearer ${cluster.token}`,
        'content-type': 'application/json',
        ...(text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }),
        ...headers,
      };
      const sent = request(new URL(path, cluster.url), { method, agent, headers: all }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString();
          const isJson = String(response.headers['content-type']).includes('json') && answer !== '';
          resolve({
            status: response.statusCode ?? 0,
            body: isJson ? JSON.parse(answer) : {},
            text: answer,
            headers: response.headers,
          });
        });
      });
      sent.on('error', reject);
      sent.end(text);
    });
  return {
    cluster,
    dataDir,
    send,
    apply: (path, body, manager = 'test', query = '') =>
      send('PATCH', `${path}?fieldManager=${manager}${query}`, body, {
        'content-type': 'application/apply-patch+yaml',
      }),
  };
}

export const configMaps = '/api/v1/namespaces/default/configmaps';
export const deployments = '/apis/apps/v1/namespaces/default/deployments';

export function configMap(name: string, data: Record<string, string>, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

export function deployment(name: string, image = 'nginx:1', spec: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image }] } },
      ...spec,
    },
  };
}

/** The names of a list's items. */
export function names(list: JsonObject): string[] {
  return listAt(list, 'items').map((item) => textAt(item, 'metadata', 'name') ?? '');
}
