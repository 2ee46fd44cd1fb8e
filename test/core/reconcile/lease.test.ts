// When a holder may still write.
import { expect, it } from 'vitest';
import {
  LEASE_MAX_MS,
  LEASE_TTL_MS,
  leaseRuns,
  mayWrite,
  RENEW_EVERY_MS,
  WRITE_WINDOW_MS,
  writeTimeLeft,
} from '../../../lib/core/reconcile/lease.ts';

it('allows writes until 40 seconds after the last renewal was sent', () => {
  expect(mayWrite(1000, 1000)).toBe(true);
  expect(mayWrite(1000, 1000 + WRITE_WINDOW_MS - 1)).toBe(true);
  expect(mayWrite(1000, 1000 + WRITE_WINDOW_MS)).toBe(false);
});

it('allows nothing when time makes no sense', () => {
  expect(mayWrite(1000, 999)).toBe(false);
  expect(mayWrite(Number.NaN, 1000)).toBe(false);
});

it('leaves a write that begins at the last moment time before anybody else can hold the lease', () => {
  expect(writeTimeLeft(0, WRITE_WINDOW_MS - 1)).toBe(LEASE_TTL_MS - WRITE_WINDOW_MS + 1);
  expect(writeTimeLeft(0, WRITE_WINDOW_MS)).toBe(0);
  expect(2 * RENEW_EVERY_MS).toBeLessThan(WRITE_WINDOW_MS);
});

it('ends a lease at its deadline, and one whose deadline is from before a restart of the machine', () => {
  expect(leaseRuns(5000, 4999)).toBe(true);
  expect(leaseRuns(5000, 5000)).toBe(false);
  expect(leaseRuns(LEASE_MAX_MS + 1, 0)).toBe(false);
});
