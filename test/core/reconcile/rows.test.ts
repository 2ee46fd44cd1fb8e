// Transitions of a row that the contract suite does not reach through the port.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { hinted, isReady, MAX_REASONS, newRow, readyAt, released, taken } from '../../../lib/core/reconcile/rows.ts';

const hint = (at: number) => ({ kind: 'push', at }) as const;

it('loses no hint: after any number of them and looks, handled never passes what was seen, and what is unseen is asked for again', () => {
  const property = fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 10 }), (hintsBetween) => {
    let row = taken(newRow('app/main/shop', 0), 'me', 0);
    for (const hints of hintsBetween) {
      const seen = row.wanted;
      for (let i = 0; i < hints; i += 1) row = { ...hinted(row, hint(i)), lease: row.lease };
      const end = released(row, { seen });
      expect(end.kind).toBe(hints === 0 ? 'released' : 'again');
      expect(end.row.handled).toBe(seen);
      expect(end.row.reasons).toHaveLength(Math.min(hints, MAX_REASONS));
      expect(isReady(end.row, 0)).toBe(hints > 0);
      expect(end.row.lease).toEqual(hints > 0 ? row.lease : undefined);
      row = { ...end.row, lease: row.lease };
    }
  });
  fc.assert(property);
});

it('is ready from the earlier of its oldest hint and its due time', () => {
  const row = { ...newRow('app/main/shop', 0), due: 50 };
  expect(readyAt(row)).toBe(50);
  expect(readyAt({ ...hinted(row, hint(40)), due: 50 })).toBe(40);
  expect(readyAt({ ...hinted(row, hint(60)), due: 50 })).toBe(50);
  expect(readyAt(newRow('app/main/shop', 0))).toBeUndefined();
});

it('never moves handled backwards', () => {
  const row = taken({ ...newRow('app/main/shop', 0), wanted: 5, handled: 4 }, 'me', 0);
  expect(released(row, { seen: 2 }).row.handled).toBe(4);
});
