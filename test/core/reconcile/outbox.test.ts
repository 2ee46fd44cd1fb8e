// Events that nobody takes do not pile up for ever, and what is lost is told.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { OUTBOX_KEPT, withEvent } from '../../../lib/core/reconcile/outbox.ts';
import type { OutboxEvent } from '../../../lib/core/reconcile/state.ts';

const event = (n: number): OutboxEvent => ({
  id: `run-${n}`,
  type: 'Holdfast Run Outcome',
  app: 'shop',
  at: n,
  detail: { schemaVersion: 1, run: String(n) },
});

test('the newest events are kept, and the first of them tells how many went before it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), (count) => {
      let outbox: readonly OutboxEvent[] = [];
      for (let n = 1; n <= count; n += 1) outbox = withEvent(outbox, event(n));
      const lost = Math.max(0, count - OUTBOX_KEPT);
      expect(outbox.map(({ at }) => at)).toEqual(Array.from({ length: count - lost }, (_, i) => lost + i + 1));
      expect(outbox.map(({ detail }) => detail['dropped'])).toEqual(
        outbox.map((_, i) => (i === 0 && lost > 0 ? lost : undefined)),
      );
    }),
  );
});
