// Events kept for those who were cut off.
import { expect, it } from 'vitest';
import { createFeed, type Feed } from '../../lib/runtime/feed.ts';

const say = (feed: Feed, ...messages: string[]): void => {
  for (const message of messages) feed.publish({ event: 'run-started', at: 1, message });
};

/** The next `count` events, as `id message`. */
async function next(feed: Feed, after: string | undefined, count: number): Promise<string[]> {
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const { id, event, message } of feed.follow(after, stop.signal)) {
    seen.push(event === 'gap' ? 'gap' : `${id} ${message}`);
    if (seen.length === count) stop.abort();
  }
  return seen;
}

it('gives what is kept, then what happens', async () => {
  const feed = createFeed({ start: 's' });
  say(feed, 'a', 'b');
  const reading = next(feed, undefined, 3);
  await new Promise((resolve) => setImmediate(resolve));
  say(feed, 'c', 'd');
  expect(await reading).toEqual(['s-1 a', 's-2 b', 's-3 c']);
});

it('goes on after the last event that was seen', async () => {
  const feed = createFeed({ start: 's' });
  say(feed, 'a', 'b', 'c');
  expect(await next(feed, 's-2', 1)).toEqual(['s-3 c']);
});

it('says that events are missing: too far behind, or from before a restart', async () => {
  const feed = createFeed({ start: 's', capacity: 2 });
  say(feed, 'a', 'b', 'c', 'd');
  expect(await next(feed, 's-1', 3)).toEqual(['gap', 's-3 c', 's-4 d']);
  expect(await next(feed, 's-2', 2)).toEqual(['s-3 c', 's-4 d']);
  expect(await next(feed, 'r-9', 2)).toEqual(['gap', 's-3 c']);
  expect(await next(feed, 's-99', 2)).toEqual(['gap', 's-3 c']);
  expect(await next(feed, undefined, 2)).toEqual(['s-3 c', 's-4 d']);
});

it('says so to a watcher that reads too slowly, without holding up the others', async () => {
  const feed = createFeed({ start: 's', capacity: 2 });
  const stop = new AbortController();
  const slow = feed.follow(undefined, stop.signal)[Symbol.asyncIterator]();
  say(feed, 'a');
  expect((await slow.next()).value).toMatchObject({ message: 'a' });
  say(feed, 'b', 'c', 'd', 'e');
  expect((await slow.next()).value).toMatchObject({ event: 'gap' });
  expect((await slow.next()).value).toMatchObject({ message: 'd' });
  stop.abort();
  expect(await slow.next()).toMatchObject({ done: true });
});

it('ends a waiting watcher when it is aborted', async () => {
  const stop = new AbortController();
  const watcher = createFeed({ start: 's' }).follow(undefined, stop.signal)[Symbol.asyncIterator]();
  const waiting = watcher.next();
  stop.abort();
  expect(await waiting).toMatchObject({ done: true });
});
