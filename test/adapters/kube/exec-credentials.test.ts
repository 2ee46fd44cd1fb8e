import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { execCredentials } from '../../../lib/adapters/kube/exec-credentials.ts';
import { readExecSpec } from '../../../lib/adapters/kube/exec-spec.ts';

const apiVersion = 'client.authentication.k8s.io/v1';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'holdfast-exec-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A plugin whose body may use `out(status)`; it counts its runs in a file. */
async function plugin(name: string, body: string, section: object = {}, now = () => 0) {
  const [script, runs] = [path.join(dir, `${name}.cjs`), path.join(dir, `${name}.runs`)];
  const out = `const out = (status, more) => console.log(JSON.stringify({ apiVersion: '${apiVersion}', kind: 'ExecCredential', status, ...more }));`;
  await writeFile(script, `require('node:fs').appendFileSync(${JSON.stringify(runs)}, 'x');\n${out}\n${body}`);
  const spec = readExecSpec(
    { apiVersion, command: process.execPath, args: [script], ...section },
    path.join(dir, 'config'),
  );
  const source = execCredentials({ spec, cluster: { server: 'https://c' }, certificate: {}, env: process.env, now });
  return { source, runs: async () => (await readFile(runs, 'utf8')).length };
}

test('the token is kept until shortly before it expires', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const body = `out({ token: 't', expirationTimestamp: '2026-01-01T00:15:00Z' });`;
  const { source, runs } = await plugin('expires', body, {}, () => now);
  expect(source.current()).toBeUndefined();
  expect(await source.renew()).toEqual({ authorization: 'Bearer t' });
  expect(source.current()).toEqual({ authorization: 'Bearer t' });
  now = Date.parse('2026-01-01T00:14:51Z');
  expect(source.current()).toBeUndefined();
  expect(await runs()).toBe(1);
});

test('a client certificate may come instead of a token', async () => {
  const { source } = await plugin('cert', `out({ clientCertificateData: 'C', clientKeyData: 'K' });`);
  expect(await source.renew()).toEqual({ cert: 'C', key: 'K' });
});

test('the plugin gets its environment and, when it asks, the cluster', async () => {
  const body = `const { spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO); out({ token: process.env.WHO + spec.cluster.server });`;
  const section = { env: [{ name: 'WHO', value: 'me@' }], provideClusterInfo: true };
  const { source } = await plugin('info', body, section);
  expect(await source.renew()).toEqual({ authorization: 'Bearer me@https://c' });
});

test.each([
  ['it fails', `console.error('no session'); process.exit(3)`, 'no session'],
  ['no JSON', `console.log('hunter2')`, 'its answer is not JSON'],
  [
    'another API version',
    `out({ token: 'hunter2' }, { apiVersion: 'client.authentication.k8s.io/v1beta1' })`,
    `its answer is not an ExecCredential of ${apiVersion}`,
  ],
  ['no credentials', `out({})`, 'its answer has neither token nor certificate'],
])('a plugin without use: %s', async (what, body, reason) => {
  const { source } = await plugin(what.replaceAll(' ', '-'), body);
  await expect(source.renew()).rejects.toMatchObject({ code: 'ExecPluginFailed', source: 'user', reason });
  await expect(source.renew()).rejects.toSatisfy((error) => !JSON.stringify(error).includes('hunter2'));
});

test('a plugin that is not installed: the hint of the kubeconfig is told', async () => {
  const section = { command: 'no-such-plugin-anywhere', installHint: 'see the wiki' };
  const { source } = await plugin('missing', '', section);
  await expect(source.renew()).rejects.toMatchObject({ code: 'ExecPluginMissing', reason: 'ENOENT; see the wiki' });
});

test('a relative command is found beside the kubeconfig', () => {
  expect(readExecSpec({ apiVersion, command: './bin/login' }, '/home/me/.kube/config').command).toBe(
    '/home/me/.kube/bin/login',
  );
  expect(readExecSpec({ apiVersion, command: 'aws' }, '/home/me/.kube/config').command).toBe('aws');
});
