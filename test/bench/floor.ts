// The floor: bare server-side applies over 32 kept connections, with nothing around them. Whoever applies objects one by one
// cannot be faster than this. Run as a process of its own: node floor.ts FILE URL CA TOKEN
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import { parseAllDocuments } from 'yaml';

const plurals: Readonly<Record<string, string>> = {
  ServiceAccount: 'serviceaccounts',
  Deployment: 'deployments',
  Service: 'services',
  Ingress: 'ingresses',
};

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

const connections = 32;
const [file = '', url = '', caFile = '', token = ''] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const ca = await readFile(caFile);

const parsing = performance.now();
const requests = parseAllDocuments(await readFile(file, 'utf8')).map((document) => {
  const manifest = document.toJS() as Manifest;
  const { name, namespace } = manifest.metadata;
  const base = manifest.apiVersion.includes('/') ? `/apis/${manifest.apiVersion}` : `/api/${manifest.apiVersion}`;
  const path = `${base}/namespaces/${namespace}/${plurals[manifest.kind]}/${name}?fieldManager=floor&force=true`;
  const body = JSON.stringify(manifest);
  return { path, body, length: Buffer.byteLength(body) };
});
const parseMs = performance.now() - parsing;

const agent = new https.Agent({ keepAlive: true, maxSockets: connections, ca });

function apply({ path, body, length }: (typeof requests)[number]): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      'content-type': 'application/apply-patch+yaml',
      'content-length': length,
    };
    const request = https.request({ host: hostname, port, path, method: 'PATCH', agent, headers }, (reply) => {
      reply.resume();
      reply.on('end', () => resolve(reply.statusCode ?? 0));
    });
    request.on('error', reject);
    request.end(body);
  });
}

let next = 0;
let failed = 0;
const sending = performance.now();
const cpu = process.cpuUsage();
await Promise.all(
  Array.from({ length: connections }, async () => {
    for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
      if ((await apply(request)) >= 300) failed++;
    }
  }),
);
const { user, system } = process.cpuUsage(cpu);
agent.destroy();
const result = {
  ms: performance.now() - sending,
  parseMs,
  cpuMs: (user + system) / 1000,
  objects: requests.length,
  failed,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
