// The same applies through Holdfast's own client: what its errors, retries, counting and reading of answers cost.
// Run as a process of its own: node client-apply.ts FILE KUBECONFIG
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { createKubeClient } from '../../lib/adapters/kube/client.ts';
import { lookupKind } from '../../lib/adapters/kube/discovery.ts';
import { loadKubeconfig } from '../../lib/adapters/kube/kubeconfig.ts';
import type { KubeObject } from '../../lib/core/kubernetes/object.ts';

const [file = '', kubeconfig = ''] = process.argv.slice(2);
const { connection } = await loadKubeconfig({ file: kubeconfig });
const client = createKubeClient(connection);

const parsing = performance.now();
const objects = parseAllDocuments(await readFile(file, 'utf8')).map((document) => document.toJS() as KubeObject);
const parseMs = performance.now() - parsing;

const sending = performance.now();
const cpu = process.cpuUsage();
const directory = await client.discover();
let next = 0;
await Promise.all(
  Array.from({ length: 32 }, async () => {
    for (let object = objects[next++]; object !== undefined; object = objects[next++]) {
      const found = lookupKind(directory, object.apiVersion, object.kind);
      if (found.state === 'found') await client.apply(found.resource, object, { manager: 'floor', force: true });
    }
  }),
);
const { user, system } = process.cpuUsage(cpu);
client.close();
const result = {
  ms: performance.now() - sending,
  parseMs,
  cpuMs: (user + system) / 1000,
  objects: objects.length,
  failed: 0,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
