// The stack-event function: CloudFormation says that an operation of ours went on, and the run that waits for it looks at once.
import type { Queue, Store } from '../../core/reconcile/store.ts';
import { readStackEvent } from '../../core/trigger/cloudformation.ts';
import { appKey } from '../rows.ts';
import { stackOwner } from '../stack-owners.ts';
import type { Bench } from './chain.ts';
import { accountsOf, readEnvironment } from './env.ts';
import { malformed } from './records.ts';
import { openQueue, openState } from './state.ts';

export interface StackEventAnswer {
  readonly status: 'rung' | 'ignored';
  readonly app?: string;
  readonly reason?: string;
}

/** Statuses in the middle of an operation: only their end is worth a look, and the clock finds what an event missed. */
const underWay = /(?:_IN_PROGRESS)$/;

export interface StackEventParts {
  readonly store: Store;
  readonly queue: Queue;
  readonly accounts: readonly string[];
  readonly now: () => number;
}

function partsOf(): StackEventParts {
  const env = readEnvironment(['installation', 'table', 'bucket', 'reconcileQueue', 'eventAccounts']);
  const queue = openQueue({ ...env, sourceQueue: '' });
  return { store: openState(env).store, queue, accounts: accountsOf(env), now: Date.now };
}

/** Opens the function. */
export function openStackEvent(
  { logger }: Pick<Bench, 'logger'>,
  { store, queue, accounts, now }: StackEventParts = partsOf(),
): (event: unknown) => Promise<StackEventAnswer> {
  const ignored = (reason: string): StackEventAnswer => {
    logger.info(`Ignored: ${reason}`);
    return { status: 'ignored', reason };
  };
  return async (event) => {
    const found = readStackEvent(event, { accounts });
    if (found.kind === 'malformed') throw malformed(found.reason);
    if (found.kind === 'ignored') return ignored(found.reason);
    if (found.kind === 'stack' && underWay.test(found.status)) return ignored(`${found.status} is not the end`);
    if (found.kind === 'drift' && !found.complete) return ignored('the drift detection goes on');
    const app = await stackOwner(store, found.kind === 'stack' ? found.owner : found.stackId);
    if (app === undefined) return ignored('no application of ours waits for this stack');
    const note = found.kind === 'stack' ? found.status : 'drift detection complete';
    await store.hint(appKey(app), { kind: 'stack-event', at: now(), note });
    await queue.send('reconcile', appKey(app));
    logger.info(`${app}: ${note}`, { app });
    return { status: 'rung', app };
  };
}
