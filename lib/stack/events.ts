// Events that wake a function: asynchronously, retried, and kept when all retries failed.
import { Aws, Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Parts } from './parts.ts';
import { allow, type Right } from './rights.ts';

/** Attempts and age after which an event is given up: the poll finds what it told, so hours of retries help nobody. */
export interface Patience {
  readonly retryAttempts: 0 | 1 | 2;
  readonly maxEventAge: Duration;
}

const usual: Patience = { retryAttempts: 2, maxEventAge: Duration.hours(1) };

/** The right that Lambda uses to put a failed event into the queue. */
export function failureRights(parts: Parts): Right {
  return allow('KeepFailedEvents', ['sqs:SendMessage'], [parts.eventsDlq.queueArn]);
}

/** Sends events that the function failed on to the queue of failed events. */
export function keepFailures(fn: lambda.Function, parts: Parts, patience: Patience = usual): void {
  new lambda.EventInvokeConfig(fn, 'Failures', {
    function: fn,
    retryAttempts: patience.retryAttempts,
    maxEventAge: patience.maxEventAge,
    // The role has the right already, so the destination grants nothing.
    onFailure: { bind: () => ({ destination: parts.eventsDlq.queueArn }) },
  });
}

/** Accounts whose events are believed: this one, and those of the settings. */
export function eventAccounts(parts: Parts): readonly string[] {
  return [Aws.ACCOUNT_ID, ...(parts.settings.eventAccounts ?? [])];
}

/**
 * Rules on the account's default bus, where AWS puts its events, and on the installation's bus, to which other accounts and
 * regions forward theirs. `account` is set by EventBridge, not by the sender, so nobody can speak for another account.
 */
export function wakeOn(
  scope: Construct,
  parts: Parts,
  fn: lambda.Function,
  patterns: Readonly<Record<string, Pick<events.EventPattern, 'source' | 'detailType' | 'detail'>>>,
): void {
  keepFailures(fn, parts);
  for (const [id, pattern] of Object.entries(patterns)) {
    for (const [place, eventBus] of [
      ['Default', undefined],
      ['Forwarded', parts.bus],
    ] as const) {
      new events.Rule(scope, `${id}${place}`, {
        description: `Holdfast ${parts.defaults.prefix}: ${pattern.detailType?.join(', ') ?? id}`,
        ...(eventBus === undefined ? {} : { eventBus }),
        eventPattern: { ...pattern, account: [...eventAccounts(parts)] },
        targets: [
          new targets.LambdaFunction(fn, {
            deadLetterQueue: parts.eventsDlq,
            retryAttempts: 8,
            maxEventAge: Duration.hours(1),
          }),
        ],
      });
    }
  }
}
