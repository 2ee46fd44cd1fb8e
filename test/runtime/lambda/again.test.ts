// Doorbells that ring again: soon for what is soon due, at once for what was interrupted, and never for what the tick finds.
import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { ringAgain, workAndRing } from '../../../lib/runtime/lambda/again.ts';

interface Ring {
  readonly queue: string;
  readonly body: string;
  readonly delay: number;
}

function bell() {
  const rings: Ring[] = [];
  const send = async (queue: string, body: string, delay = 0): Promise<void> => {
    rings.push({ queue, body, delay });
  };
  return { rings, queue: { send } };
}

const now = 1_700_000_000_000;
const minute = 60_000;

describe('a row that is due later', () => {
  it.each([
    ['app/root/shop', 2_000, 'reconcile'],
    ['app/root/shop', 15 * minute - 1, 'reconcile'],
    ['repo/root', 2_000, 'source'],
    ['repo/root', 44_999, 'source'],
    ['target/prod', 44_999, 'reconcile'],
    ['app/root/shop', -5_000, 'reconcile'],
  ])('%s in %i ms rings on %s', async (key, wait, queue) => {
    const { rings, queue: parts } = bell();
    await ringAgain(parts, key, { due: now + wait, now });
    expect(rings).toEqual([{ queue, body: key, delay: Math.max(0, wait) }]);
  });

  it.each([
    ['app/root/shop', 15 * minute],
    ['repo/root', 45_000],
    ['target/prod', 15 * minute],
  ])('%s in %i ms is left to the tick', async (key, wait) => {
    const { rings, queue } = bell();
    await ringAgain(queue, key, { due: now + wait, now });
    expect(rings).toEqual([]);
  });

  it('is not rung for when it is due never', async () => {
    const { rings, queue } = bell();
    await ringAgain(queue, 'app/root/shop', { due: undefined, now });
    expect(rings).toEqual([]);
  });
});

describe('work', () => {
  const failed = (code: string) => new HoldfastError({ code, source: 'system', message: code });

  it('that the end of the function stopped goes on at once', async () => {
    const { rings, queue } = bell();
    await workAndRing({ queue, now: () => now }, 'repo/root', async () => {
      throw failed('Stopped');
    });
    expect(rings).toEqual([{ queue: 'source', body: 'repo/root', delay: 0 }]);
  });

  it('that fails is said, and does not ring', async () => {
    const { rings, queue } = bell();
    const work = workAndRing({ queue, now: () => now }, 'app/a', async () => {
      throw failed('StoreUnavailable');
    });
    await expect(work).rejects.toMatchObject({ code: 'StoreUnavailable' });
    expect(rings).toEqual([]);
  });

  it('that is done rings for when the row is due, by the clock after the work', async () => {
    const { rings, queue } = bell();
    let time = now;
    await workAndRing({ queue, now: () => time }, 'app/a', async () => {
      time += 9_000;
      return now + 10_000;
    });
    expect(rings).toEqual([{ queue: 'reconcile', body: 'app/a', delay: 1_000 }]);
  });

  it('fails when its doorbell cannot be sent: the message comes again', async () => {
    const queue = {
      send: async () => {
        throw failed('QueueUnavailable');
      },
    };
    const work = workAndRing({ queue, now: () => now }, 'app/a', async () => now);
    await expect(work).rejects.toMatchObject({ code: 'QueueUnavailable' });
  });
});
