// The server of one machine: loopback only, its own name only, and an end to everything.
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { startServer } from '../../lib/runtime/http.ts';
import { rawRequest, sendRaw, TOKEN, webUnderTest } from '../support/web.ts';

const apps = [{ id: 'root/shop', name: 'shop' }];

it('answers under its two names', async () => {
  const { server } = await webUnderTest();
  for (const host of [`127.0.0.1:${server.port}`, `localhost:${server.port}`, `LOCALHOST:${server.port}`])
    expect(await sendRaw(`${server.url}/healthz`, { headers: { host } })).toBe(200);
});

it('refuses any other name in Host: a page whose name was made to point here', async () => {
  const { server } = await webUnderTest({ apps });
  const foreign = [
    'evil.example',
    `evil.example:${server.port}`,
    '127.0.0.1',
    '127.0.0.1:1',
    `127.0.0.1.evil.example:${server.port}`,
    `[::1]:${server.port}`,
    `0.0.0.0:${server.port}`,
    ' ',
  ];
  for (const host of foreign)
    expect(await sendRaw(`${server.url}/api/status`, { headers: { host, authorization: `Bearer ${TOKEN}` } })).toBe(
      403,
    );
  expect(await rawRequest(server.port, 'GET /healthz HTTP/1.0\r\n\r\n')).toContain('403');
});

it('refuses another site’s Origin on every method, with the right token too', async () => {
  const { server, store } = await webUnderTest({ apps });
  const authorization = `Bearer ${TOKEN}`;
  for (const origin of [
    'https://evil.example',
    'null',
    `http://127.0.0.1:${server.port + 1}`,
    `https://127.0.0.1:${server.port}`,
    `http://localhost:${server.port}.evil.example`,
  ]) {
    const headers = { origin, authorization, 'content-type': 'application/json' };
    expect(await sendRaw(`${server.url}/api/apps/shop/sync`, { method: 'POST', headers, body: '{}' })).toBe(403);
    expect(await sendRaw(`${server.url}/api/status`, { headers })).toBe(403);
    expect(await sendRaw(`${server.url}/api/status`, { method: 'OPTIONS', headers })).toBe(403);
  }
  expect(await store.list('')).toEqual([]);
  const own = { origin: `http://localhost:${server.port}`, authorization };
  expect(await sendRaw(`${server.url}/api/apps/shop/sync`, { method: 'POST', headers: own })).toBe(202);
});

it('refuses a request that names another server in its first line', async () => {
  const { server } = await webUnderTest();
  const text = await rawRequest(
    server.port,
    `GET http://evil.example/healthz HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`,
  );
  expect(text).toContain('403');
  expect(text).toContain('ForeignRequest');
});

it('listens on the loopback address and no other', async () => {
  const { server } = await webUnderTest();
  const others = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal);
  for (const { address } of others) {
    const refused = await new Promise((resolve) => {
      const socket = connect({ host: address, port: server.port }, () => resolve(false));
      socket.on('error', () => resolve(true));
      onTestFinished(() => {
        socket.destroy();
      });
    });
    expect(refused).toBe(true);
  }
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
});

it('asks the handlers that want the raw request first, behind the same door', async () => {
  const seen: string[] = [];
  const { server } = await webUnderTest({
    handlers: [
      async (request, response) => {
        if (request.url?.startsWith('/demo.git/') !== true) return false;
        seen.push(request.url);
        response.end('refs');
        return true;
      },
      async (request) => {
        if (request.url === '/broken') throw new Error('secret');
        return false;
      },
    ],
  });
  const answer = await fetch(`${server.url}/demo.git/info/refs`);
  expect(await answer.text()).toBe('refs');
  expect(await sendRaw(`${server.url}/demo.git/info/refs`, { headers: { host: 'evil.example' } })).toBe(403);
  expect(seen).toEqual(['/demo.git/info/refs']);
  const broken = await fetch(`${server.url}/broken`);
  expect([broken.status, await broken.text()]).toEqual([500, expect.not.stringContaining('secret')]);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

it('says which port is taken', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    other.close();
  });
  const { port } = other.address() as { port: number };
  const started = startServer({ port, fetch: () => new Response() });
  await expect(started).rejects.toMatchObject({
    code: 'PortInUse',
    message: `Port ${port} is in use by another program`,
    next: 'holdfast up --port N',
  });
});

it('ends at once when its streams are told to, and soon when a handler never answers', async () => {
  const stopping = new AbortController();
  const { server } = await webUnderTest({ apps, options: { stopping: stopping.signal } });
  const response = await fetch(`${server.url}/api/events`, { headers: { authorization: `Bearer ${TOKEN}` } });
  const reading = response.text();
  stopping.abort();
  const before = performance.now();
  await server.close();
  expect(performance.now() - before).toBeLessThan(1500);
  expect(await reading).toContain('retry: 1000');
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed');
});

it('ends soon when a handler never answers', async () => {
  const entered = Promise.withResolvers<void>();
  const { server } = await webUnderTest({
    handlers: [
      () => {
        entered.resolve();
        return new Promise(() => {});
      },
    ],
  });
  const waiting = fetch(server.url).catch((error: unknown) => String(error));
  await entered.promise;
  await server.close();
  expect(await waiting).toContain('fetch failed');
});
