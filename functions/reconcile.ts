// Reconcile queue: one wake of an application or a target.
import { chain } from '../lib/runtime/lambda/chain.ts';
import { openReconcile } from '../lib/runtime/lambda/reconcile.ts';
import { readQueueEvent } from '../lib/runtime/lambda/records.ts';

export const handler = chain({ name: 'reconcile', read: readQueueEvent }, openReconcile);
