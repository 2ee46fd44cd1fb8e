// The event stream over a real connection: resumed, kept alive, and given up when its client is gone.
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { TOKEN, webUnderTest, type WebUnderTest } from '../support/web.ts';

interface Stream {
  /** Everything received, once it holds `text`. */
  until(text: string): Promise<string>;
  cut(): void;
  readonly response: Response;
}

async function openStream({ server }: WebUnderTest, headers: Record<string, string> = {}): Promise<Stream> {
  const stop = new AbortController();
  const init = { headers: { authorization: `Bearer ${TOKEN}`, ...headers }, signal: stop.signal };
  const response = await fetch(`${server.url}/api/events`, init);
  let received = '';
  const read = async (): Promise<void> => {
    for await (const chunk of response.body ?? []) received += new TextDecoder().decode(chunk);
  };
  read().catch(() => {});
  return {
    response,
    cut: () => stop.abort(),
    until: (text) => eventually(() => received.includes(text) && received, { what: JSON.stringify(text) }),
  };
}

const say = ({ feed, clock }: WebUnderTest, ...messages: string[]): void => {
  for (const message of messages) feed.publish({ event: 'run-ended', at: clock.now(), message, app: 'shop' });
};

it('sends what happens, each with an id', async () => {
  const web = await webUnderTest();
  const stream = await openStream(web);
  expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
  say(web, 'first', 'second\nline');
  const text = await stream.until('second');
  expect(text).toContain('event: run-ended\n');
  expect(text).toContain('id: test-1\n');
  const data = /data: (.*)/.exec(text)?.[1] ?? '';
  expect(JSON.parse(data)).toEqual({ event: 'run-ended', at: web.clock.now(), message: 'first', app: 'shop' });
});

it('goes on where a client was cut off', async () => {
  const web = await webUnderTest();
  say(web, 'one', 'two', 'three');
  const stream = await openStream(web, { 'last-event-id': 'test-2' });
  const text = await stream.until('three');
  expect(text).not.toContain('two');
});

it('tells a client that comes back too late, or with nonsense, that there is a gap', async () => {
  const web = await webUnderTest();
  say(web, 'one', 'two', 'three', 'four', 'five', 'six', 'seven');
  expect(await (await openStream(web, { 'last-event-id': 'test-1' })).until('seven')).toContain('event: gap');
  expect(await (await openStream(web, { 'last-event-id': 'x'.repeat(200) })).until('seven')).not.toContain(
    'event: gap',
  );
});

it('says that it is alive when nothing happens', async () => {
  const stream = await openStream(await webUnderTest({ options: { heartbeatMs: 20 } }));
  expect(await stream.until(': alive\n\n: alive')).toContain('retry: 1000');
});

it('forgets a client that is gone, and lets no more in than it can serve', async () => {
  let watching = 0;
  const web: WebUnderTest = await webUnderTest({
    options: { heartbeatMs: 20 },
    views: {
      events: async function* (after, signal) {
        watching += 1;
        try {
          yield* web.feed.follow(after, signal);
        } finally {
          watching -= 1;
        }
      },
    },
  });
  const streams = await Promise.all(Array.from({ length: 64 }, () => openStream(web)));
  await eventually(() => watching === 64);
  expect((await openStream(web)).response.status).toBe(503);
  for (const stream of streams) stream.cut();
  await eventually(() => watching === 0, { what: 'the streams to end' });
  expect((await openStream(web)).response.status).toBe(200);
});

it('can be resumed by address, for clients that cannot set a header', async () => {
  const web = await webUnderTest();
  say(web, 'one', 'two');
  const response = await fetch(`${web.server.url}/api/events?after=test-1`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const reader = response.body!.getReader();
  let text = '';
  while (!text.includes('two')) text += new TextDecoder().decode((await reader.read()).value);
  expect(text).not.toContain('one');
  await reader.cancel();
});
