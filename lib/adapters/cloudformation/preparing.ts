// What the steps on the way to a plan share.
import type { Failure } from '../../core/errors.ts';
import type { Observation, ObserveRequest, Step, TargetContext } from '../../core/plan/target.ts';
import type { StackClient } from './client.ts';
import { nextWait, type Tokens, writeToken } from './waits.ts';

/** What acting on a plan needs; opaque to the engine, stored as JSON. */
export interface StackExecution {
  readonly v: 1;
  readonly kind: 'none' | 'adopt' | 'change-set';
  readonly stack: string;
  readonly stackId?: string;
  readonly changeSetId?: string;
  /** Client request token of the execution. */
  readonly token?: string;
  /** The stack is an empty shell that the change set made. */
  readonly shell: boolean;
}

export interface Preparing {
  readonly client: StackClient;
  readonly target: string;
  /** Twelve digits; the stack must be in this account. */
  readonly account: string | undefined;
  readonly request: ObserveRequest;
  readonly observation: Observation;
  readonly context: TargetContext;
}

export type PrepareToken = Tokens['prepare'];

/** Longest gap between looks at a change set: they are made in seconds, and nothing announces their end. */
export const changeSetGapMs = 10_000;

/** Comes back later, with what is known so far. */
export function waitToPrepare(preparing: Preparing, saved: PrepareToken, note: string, longest?: number): Step<never> {
  const elapsed = preparing.context.now() - saved.since;
  return { status: 'wait', afterMs: nextWait(elapsed, longest), token: writeToken('prepare', saved), note };
}

/** Account of an ARN. */
export function accountOf(arn: string): string | undefined {
  return arn.split(':')[4];
}

/** Nothing is written to another account than the target names. */
export function wrongAccount(stack: string, seen: string, wanted: string): Failure {
  return {
    code: 'StackWrongAccount',
    source: 'user',
    message: `The credentials in use lead to account ${seen}, but the target names ${wanted}`,
    retryable: false,
    object: `stack ${stack}`,
    next: 'Use credentials of the account, or correct `account` of the target',
  };
}
