// What every queue promises. It may lose, double and reorder; what it hands out, hides and gives up on is fixed. Contracts §1.
import { describe, expect, it } from 'vitest';
import type { Message, Queue } from '../../lib/core/reconcile/store.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';

/** How time passes for a queue: that of a fake clock for one on this machine, real time for one that is elsewhere. */
export interface Pace {
  /** How long a message stays hidden in these tests, and how long a delay is, milliseconds. */
  readonly visibleMs: number;
  readonly delayMs: number;
  /** Whether time stands still between two passes, so that the millisecond before can be looked at. */
  readonly exact: boolean;
  pass(clock: FakeClock, ms: number): Promise<void> | void;
}

const faked: Pace = { visibleMs: 180_000, delayMs: 5_000, exact: true, pass: (clock, ms) => clock.advance(ms) };

/** Runs the suite. `make` is called in each test and cleans up after it. */
export function queueContract(
  name: string,
  make: (clock: FakeClock) => Queue | Promise<Queue>,
  pace: Pace = faked,
): void {
  const { visibleMs, delayMs, exact } = pace;
  const begin = async () => {
    const clock = fakeClock();
    const queue = await make(clock);
    const one = async (): Promise<Message> => {
      const [message] = await queue.receive('reconcile', 1, visibleMs);
      expect(message).toBeDefined();
      return message!;
    };
    /** Lets time go by; nothing is handed out before its end. */
    const pass = async (ms: number): Promise<void> => {
      if (exact) await pace.pass(clock, ms - 1);
      expect(await queue.receive('reconcile', 10, visibleMs)).toEqual([]);
      await pace.pass(clock, exact ? 1 : ms);
    };
    return { clock, queue, one, pass };
  };
  const bodies = (messages: readonly Message[]): string[] => messages.map(({ body }) => body).sort();

  describe(`${name}: queue`, () => {
    it('hands out what was sent, on its own queue, as many as asked for', async () => {
      const { queue } = await begin();
      for (const body of ['a', 'b', 'c']) await queue.send('reconcile', body);
      await queue.send('source', 'other');
      const first = await queue.receive('reconcile', 2, visibleMs);
      const rest = await queue.receive('reconcile', 10, visibleMs);
      expect(first).toHaveLength(2);
      expect(bodies([...first, ...rest])).toEqual(['a', 'b', 'c']);
      expect(first[0]).toMatchObject({ queue: 'reconcile', attempts: 1 });
      expect(bodies(await queue.receive('source', 10, visibleMs))).toEqual(['other']);
      expect(await queue.receive('reconcile', 10, visibleMs)).toEqual([]);
    });

    it('holds a message back for its delay', async () => {
      const { queue, pass } = await begin();
      await queue.send('reconcile', 'soon', delayMs);
      await queue.send('reconcile', 'far', 3 * 3_600_000);
      await pass(delayMs);
      expect(bodies(await queue.receive('reconcile', 10, visibleMs))).toEqual(['soon']);
    });

    it('hides a message while it is worked on, and hands it out again when it was not acked', async () => {
      const { queue, one, pass } = await begin();
      await queue.send('reconcile', 'a');
      const first = await one();
      await pass(visibleMs);
      const second = await one();
      expect(second).toMatchObject({ id: first.id, body: 'a', attempts: 2 });
      expect(second.receipt).not.toBe(first.receipt);
    });

    it('forgets an acked message', async () => {
      const { queue, clock, one } = await begin();
      await queue.send('reconcile', 'a');
      await queue.ack(await one());
      await pace.pass(clock, visibleMs);
      expect(await queue.receive('reconcile', 10, visibleMs)).toEqual([]);
    });

    it('lets a worker that was too slow change nothing about a message that another has', async () => {
      const { queue, clock, one } = await begin();
      await queue.send('reconcile', 'a');
      const slow = await one();
      await pace.pass(clock, visibleMs);
      const current = await one();
      await queue.ack(slow);
      await queue.retry(slow, 'late', 0);
      await queue.bury(slow, 'late');
      expect(await queue.deadLetters(10)).toEqual([]);
      expect(await queue.receive('reconcile', 10, visibleMs)).toEqual([]);
      await queue.retry(current, 'again', 0);
      expect((await one()).attempts).toBe(3);
    });

    it('hands a retried message out again after its delay', async () => {
      const { queue, one, pass } = await begin();
      await queue.send('reconcile', 'a');
      await queue.retry(await one(), 'the store did not answer', 1_000);
      await pass(1_000);
      expect((await one()).attempts).toBe(2);
    });

    it('makes a dead letter of what failed five times, with the last reason', async () => {
      const { queue, clock, one } = await begin();
      await queue.send('reconcile', 'poison');
      for (let i = 1; i <= 5; i += 1) await queue.retry(await one(), `failure ${i}`, 0);
      expect(await queue.receive('reconcile', 10, visibleMs)).toEqual([]);
      const letters = await queue.deadLetters(10);
      expect(letters).toEqual([
        {
          id: expect.any(String),
          queue: 'reconcile',
          body: 'poison',
          reason: 'failure 5',
          at: exact ? clock.now() : Number(letters[0]?.at),
          attempts: 5,
        },
      ]);
    });

    it('makes a dead letter of what killed its worker five times', async () => {
      const { queue, clock, one } = await begin();
      await queue.send('reconcile', 'killer');
      for (let i = 1; i <= 5; i += 1) {
        expect((await one()).attempts).toBe(i);
        await pace.pass(clock, visibleMs);
      }
      await queue.send('reconcile', 'innocent');
      expect(bodies(await queue.receive('reconcile', 10, visibleMs))).toEqual(['innocent']);
      expect(await queue.deadLetters(10)).toMatchObject([
        { body: 'killer', attempts: 5, reason: expect.stringContaining('5 times') },
      ]);
    });

    it('buries at once what cannot be read, and goes on with the rest', async () => {
      const { queue, one } = await begin();
      await queue.send('reconcile', '{"v":');
      await queue.send('reconcile', 'app/main/shop');
      await queue.bury(await one(), 'The message cannot be read');
      expect((await one()).body).toBe('app/main/shop');
      expect(await queue.deadLetters(10)).toMatchObject([
        { body: '{"v":', reason: 'The message cannot be read', attempts: 1 },
      ]);
    });

    it('lists dead letters newest first, as many as asked for', async () => {
      const { queue, clock, one } = await begin();
      for (const body of ['a', 'b', 'c']) {
        await queue.send('reconcile', body);
        await queue.bury(await one(), 'unreadable');
        if (exact ? body === 'a' : body !== 'c') await pace.pass(clock, 1);
      }
      expect((await queue.deadLetters(2)).map(({ body }) => body)).toEqual(['c', 'b']);
    });

    it('sends a dead letter again as a fresh message, once', async () => {
      const { queue, one } = await begin();
      await queue.send('reconcile', 'a');
      await queue.bury(await one(), 'unreadable');
      const [letter] = await queue.deadLetters(10);
      expect(await queue.redrive('nope')).toBe(false);
      expect(await queue.redrive(letter!.id)).toBe(true);
      expect(await queue.redrive(letter!.id)).toBe(false);
      expect(await queue.deadLetters(10)).toEqual([]);
      expect(await one()).toMatchObject({ queue: 'reconcile', body: 'a', attempts: 1 });
    });
  });
}

/** What takes a clock that can be moved: runs on the queues of this machine. */
export function queueClockContract(name: string, make: (clock: FakeClock) => Queue): void {
  describe(`${name}: queue and clock`, () => {
    it('holds nothing back for longer than 15 minutes', async () => {
      const clock = fakeClock();
      const queue = make(clock);
      await queue.send('reconcile', 'far', 3 * 3_600_000);
      clock.advance(900_000);
      expect(await queue.receive('reconcile', 10, 1_000)).toMatchObject([{ body: 'far' }]);
    });

    it('does not wait for hours when the clock was set back', async () => {
      const clock = fakeClock();
      const queue = make(clock);
      await queue.send('reconcile', 'a', 1_000);
      clock.setWall(clock.now() - 3_600_000);
      expect(await queue.receive('reconcile', 10, 1_000)).toMatchObject([{ body: 'a' }]);
    });
  });
}
