// Every answered write is there again after SIGKILL.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../../../support/temp-dir.ts';
import { clientOf, configMap, configMaps } from './support.ts';

async function serve(dataDir: string) {
  const child: ChildProcess = spawn(process.execPath, [path.join(import.meta.dirname, 'serve.ts'), dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: child.stdout! }), 'line');
  const { url, caPem, token } = JSON.parse(line);
  return { child, client: clientOf({ url, caPem, token, kubeconfigPath: '', close: async () => undefined }, dataDir) };
}

test('a killed cluster has every object that it had answered for', async () => {
  const dataDir = tempDir();
  const first = await serve(dataDir);
  const answered = new Map<string, string>();
  const writing = (async () => {
    for (let n = 0; ; n++) {
      const name = `c${n % 40}`;
      const reply = await first.client.apply(`${configMaps}/${name}`, configMap(name, { n: String(n) }));
      answered.set(name, String(reply.body.metadata!.resourceVersion));
      if (n === 100) first.child.kill('SIGKILL');
    }
  })();
  await expect(writing).rejects.toThrow();
  const second = await serve(dataDir);
  const { body } = await second.client.send('GET', configMaps);
  const found = new Map(
    [...body.items!].map((item) => [String(item.metadata!.name), Number(item.metadata!.resourceVersion)]),
  );
  for (const [name, version] of answered) expect(found.get(name)).toBeGreaterThanOrEqual(Number(version));
  expect(answered.size).toBe(40);
});
