// The client against a server that behaves badly on purpose. How it gets on with a good one is in the cluster contract suite.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { writeTimeoutMs } from '../../../lib/adapters/kube/acting.ts';
import { LEASE_TTL_MS, WRITE_WINDOW_MS } from '../../../lib/core/reconcile/lease.ts';
import type { ClientOptions } from '../../../lib/adapters/kube/caller.ts';
import { createKubeClient } from '../../../lib/adapters/kube/client.ts';
import { type CredentialSource, fixedCredentials } from '../../../lib/adapters/kube/connection.ts';
import type { ApiResource, KubeClient } from '../../../lib/adapters/kube/types.ts';

const configMaps: ApiResource = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  verbs: [],
};
const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } };
const ref = { resource: configMaps, namespace: 'default', name: 'a' };

type Answer = (response: http.ServerResponse, request: http.IncomingMessage, body: string) => void;

interface Rig {
  readonly client: KubeClient;
  readonly waits: readonly number[];
  readonly seen: readonly { readonly request: http.IncomingMessage; readonly body: string }[];
}

/** A server that gives these answers one after the other (the last one for ever), and a client whose waits take no time. */
async function rig(
  answers: readonly Answer[],
  options: ClientOptions = {},
  credentials?: CredentialSource,
): Promise<Rig> {
  const seen: { request: http.IncomingMessage; body: string }[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const answer = answers[Math.min(seen.length, answers.length - 1)];
      seen.push({ request, body });
      answer?.(response, request, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const waits: number[] = [];
  const client = createKubeClient(
    {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: credentials ?? fixedCredentials({ authorization: 'Bearer t' }),
    },
    {
      random: () => 0.5,
      sleep: (ms) => {
        waits.push(ms);
        return Promise.resolve();
      },
      ...options,
    },
  );
  onTestFinished(() => {
    client.close();
    server.closeAllConnections();
    server.close();
  });
  return { client, waits, seen };
}

function json(status: number, body: unknown, headers: http.OutgoingHttpHeaders = {}): Answer {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function plain(status: number, body: string, headers: http.OutgoingHttpHeaders = {}): Answer {
  return (response) => response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(body);
}

const good = json(200, object);
const cutOff: Answer = (response) => response.socket?.destroy();
const refused = (status: number, reason: string, message = reason) =>
  json(status, { kind: 'Status', reason, message, code: status });

test('a refused request waits as long as the server asks, and the call goes on', async () => {
  const { client, waits } = await rig([
    plain(429, 'Too many requests', { 'retry-after': '1' }),
    plain(503, 'no'),
    good,
  ]);
  expect(await client.get(ref)).toEqual(object);
  expect(waits).toEqual([1000 + 100, 200]);
  expect(client.counts()).toEqual({ get: 3 });
});

test('a connection that is cut is tried again for what may be done twice', async () => {
  const { client } = await rig([cutOff, good]);
  await expect(client.apply(configMaps, object, { manager: 'm' })).resolves.toMatchObject({ created: false });
});

test('a create is not sent twice when its answer is lost', async () => {
  const { client, seen } = await rig([cutOff, good]);
  await expect(client.create(configMaps, object, { manager: 'm' })).rejects.toMatchObject({
    code: 'ClusterUnreachable',
    retryable: true,
  });
  expect(seen).toHaveLength(1);
});

test.each([
  [
    'a mistake in the manifest',
    refused(
      500,
      '',
      'failed to create typed patch object (default/a; /v1, Kind=ConfigMap): .x: field not declared in schema',
    ),
    'SchemaMistake',
  ],
  ['a refusal', refused(403, 'Forbidden'), 'Forbidden'],
  ['a conflict', refused(409, 'Conflict'), 'Stale'],
])('%s is not tried again', async (_what, answer, code) => {
  const { client, seen } = await rig([answer]);
  await expect(client.apply(configMaps, object, { manager: 'm' })).rejects.toMatchObject({ code });
  expect(seen).toHaveLength(1);
});

test('the number of attempts is bounded', async () => {
  const { client, seen } = await rig([plain(500, 'no')]);
  await expect(client.get(ref)).rejects.toMatchObject({ code: 'ClusterFault', status: 500, retryable: true });
  expect(seen).toHaveLength(5);
});

test('a wait that would go past the deadline is not begun', async () => {
  const { client, waits, seen } = await rig([plain(429, 'no', { 'retry-after': '9' })], { timeoutMs: 5000 });
  await expect(client.get(ref)).rejects.toMatchObject({ code: 'TooManyRequests', retryAfterMs: 9000 });
  expect([waits, seen.length]).toEqual([[], 1]);
});

test('a server that says nothing: the deadline ends the call', async () => {
  const { client } = await rig([() => {}]);
  await expect(client.get(ref, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'ClusterTimeout', retryable: true });
});

test('a call whose time was over before it could be sent is not sent', async () => {
  let time = 0;
  const credentials: CredentialSource = {
    ...fixedCredentials({ authorization: 'Bearer t' }),
    current: () => {
      // The process stood still meanwhile.
      time += 15_000;
      return { authorization: 'Bearer t' };
    },
  };
  const sent: string[] = [];
  const options = { now: () => time, onRequest: (verb: string) => void sent.push(verb) };
  const { client } = await rig([plain(200, '{}')], options, credentials);
  const answer = client.apply(configMaps, object, { manager: 'm', timeoutMs: 15_000 });
  await expect(answer).rejects.toMatchObject({ code: 'ClusterTimeout', retryable: true });
  expect(sent).toEqual([]);
});

test('a write that begins when it only just may ends before the lease does', () => {
  expect(WRITE_WINDOW_MS + writeTimeoutMs).toBeLessThan(LEASE_TTL_MS);
});

test('a signal ends the call', async () => {
  const controller = new AbortController();
  const { client } = await rig([() => controller.abort()]);
  await expect(client.get(ref, { signal: controller.signal })).rejects.toMatchObject({ code: 'Aborted' });
});

test('nobody there', async () => {
  const { client } = await rig([good], { retry: { attempts: 1 } });
  const gone = createKubeClient(
    { server: 'http://127.0.0.1:9', credentials: fixedCredentials({}) },
    { retry: { attempts: 1 } },
  );
  await expect(gone.get(ref)).rejects.toMatchObject({
    code: 'ClusterUnreachable',
    message: expect.stringContaining('127.0.0.1:9'),
  });
  expect(await client.get(ref)).toEqual(object);
});

test('a body that is cut in the middle is no answer', async () => {
  const half: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 }).write('{"kind":');
    setImmediate(() => response.socket?.destroy());
  };
  const { client } = await rig([half], { retry: { attempts: 1 } });
  await expect(client.get(ref)).rejects.toMatchObject({ code: 'ClusterUnreachable' });
});

test('an answer larger than allowed is given up, packed or not', async () => {
  const big = { kind: 'ConfigMapList', metadata: {}, items: [], x: 'x'.repeat(5000) };
  const packed: Answer = (response) =>
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .end(gzipSync(JSON.stringify(big)));
  const { client } = await rig([json(200, big), packed], { maxReplyBytes: 1000, retry: { attempts: 1 } });
  await expect(client.list(configMaps).next()).rejects.toMatchObject({ code: 'UnexpectedAnswer' });
  await expect(client.list(configMaps).next()).rejects.toMatchObject({ code: 'UnexpectedAnswer' });
});

test('a page of HTML with status 200 is not an empty list', async () => {
  const { client } = await rig([(response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')]);
  await expect(client.list(configMaps).next()).rejects.toMatchObject({ code: 'UnexpectedAnswer', retryable: false });
});

test('a delete sends its preconditions framed', async () => {
  const { client, seen } = await rig([json(200, { kind: 'Status', status: 'Success' })]);
  expect(await client.delete(ref, { uid: 'u', propagation: 'Foreground' })).toBe('deleted');
  expect(seen[0]?.request.headers['content-length']).toBe(String(seen[0]?.body.length));
  expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
    propagationPolicy: 'Foreground',
    preconditions: { uid: 'u' },
  });
});

test('an object without the namespace of its kind never reaches a URL', async () => {
  const { client, seen } = await rig([good]);
  const nowhere = { ...object, metadata: { name: 'a' } };
  await expect(client.apply(configMaps, nowhere, { manager: 'm' })).rejects.toMatchObject({ code: 'BadRequest' });
  expect(seen).toHaveLength(0);
});

test('names are escaped in URLs', async () => {
  const { client, seen } = await rig([good]);
  await client.get({ ...ref, name: '../x?y' });
  expect(seen[0]?.request.url).toBe('/api/v1/namespaces/default/configmaps/..%2Fx%3Fy');
});

test('warnings of the server come back', async () => {
  const { client } = await rig([json(200, object, { warning: '299 - "say \\"hi\\"", 299 - "old"' })]);
  const { warnings } = await client.apply(configMaps, object, { manager: 'm' });
  expect(warnings).toEqual(['say "hi"', 'old']);
});

test('refused credentials are renewed once for many calls, and the calls go on', async () => {
  let token = 'old';
  let renewals = 0;
  let credentials = { authorization: `Bearer ${token}` };
  const source: CredentialSource = {
    renewable: true,
    current: () => credentials,
    renew: () => {
      renewals++;
      token = 'new';
      credentials = { authorization: `Bearer ${token}` };
      return Promise.resolve(credentials);
    },
  };
  const answer: Answer = (response, request, body) =>
    (request.headers.authorization === 'Bearer new' ? good : refused(401, 'Unauthorized'))(response, request, body);
  const { client } = await rig([answer], {}, source);
  await Promise.all([client.get(ref), client.get(ref), client.get(ref)]);
  expect(renewals).toBe(1);
});

test('credentials that stay refused are an error, not a loop', async () => {
  const source: CredentialSource = {
    renewable: true,
    current: () => undefined,
    renew: () => Promise.resolve({ authorization: 'Bearer x' }),
  };
  const { client, seen } = await rig([refused(401, 'Unauthorized')], {}, source);
  await expect(client.get(ref)).rejects.toMatchObject({ code: 'Unauthorized', source: 'user' });
  expect(seen).toHaveLength(2);
});

test('connections are kept, and dropped after the machine was asleep', async () => {
  let now = 1;
  const { client, seen } = await rig([good], { now: () => now });
  const ports = () => seen.map(({ request }) => request.socket.remotePort);
  await client.get(ref);
  now += 59_000;
  await client.get(ref);
  expect(ports()[1]).toBe(ports()[0]);
  now += 61_000;
  await client.get(ref);
  expect(ports()[2]).not.toBe(ports()[1]);
});

test('a watch: lines that come in pieces, and an end that is said', async () => {
  const line = `${JSON.stringify({ type: 'ADDED', object: { ...object, data: { k: 'é' } } })}\n`;
  const bytes = Buffer.from(line + line);
  const pieces: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const byte of bytes) response.write(Buffer.from([byte]));
    response.end(
      `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } })}\n`,
    );
  };
  const { client } = await rig([pieces]);
  const events: unknown[] = [];
  const watching = (async () => {
    for await (const event of client.watch(configMaps)) events.push(event.object.data);
  })();
  await expect(watching).rejects.toMatchObject({ code: 'Expired', retryable: true });
  expect(events).toEqual([{ k: 'é' }, { k: 'é' }]);
});

test('a watch that is cut says so; one that is aborted just ends', async () => {
  const open: Answer = (response) => {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
  };
  const cut: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write(' ');
    setImmediate(() => response.socket?.destroy());
  };
  const { client } = await rig([open, cut]);
  const controller = new AbortController();
  for await (const { type } of client.watch(configMaps, { signal: controller.signal })) {
    expect(type).toBe('ADDED');
    controller.abort();
  }
  await expect(client.watch(configMaps).next()).rejects.toMatchObject({ code: 'ClusterUnreachable', retryable: true });
});

test('a discovery that fails for a moment is asked again; a group whose server is dead is not', async () => {
  const legacy: Answer = (response, request) => {
    const bodies: Record<string, unknown> = {
      '/api': { kind: 'APIVersions', versions: [] },
      '/apis': { kind: 'APIGroupList', groups: [{ name: 'dead', versions: [{ version: 'v1' }] }] },
    };
    const body = bodies[request.url ?? ''];
    (body === undefined ? plain(503, 'service unavailable') : json(200, body))(response, request, '');
  };
  const { client } = await rig([plain(503, 'starting'), legacy]);
  expect(await client.discover()).toMatchObject({ versions: ['dead/v1'], stale: ['dead/v1'] });
  expect(client.counts()).toEqual({ discovery: 4 });
});
