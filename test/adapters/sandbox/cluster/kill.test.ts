// Every answered write is there again after SIGKILL.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { listAt, textAt } from '../../../../lib/adapters/sandbox/cluster/json.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { clientOf, configMap, configMaps } from './support.ts';

async function serve(dataDir: string) {
  const child: ChildProcess = spawn(
    process.execPath,
    [fileURLToPath(new URL('./serve.ts', import.meta.url)), dataDir],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
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
      answered.set(name, textAt(reply.body, 'metadata', 'resourceVersion') ?? '');
      if (n === 100) first.child.kill('SIGKILL');
    }
  })();
  await expect(writing).rejects.toThrow(/ECONN|socket|EPIPE/);
  const second = await serve(dataDir);
  const { body } = await second.client.send('GET', configMaps);
  const found = new Map(
    listAt(body, 'items').map((item) => [
      textAt(item, 'metadata', 'name'),
      Number(textAt(item, 'metadata', 'resourceVersion')),
    ]),
  );
  for (const [name, version] of answered) expect(found.get(name)).toBeGreaterThanOrEqual(Number(version));
  expect(answered.size).toBe(40);
});
