// Events in the dead letter queue: records of Lambda, and events with the attributes that EventBridge and its Scheduler add.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFailedEvent } from '../../../lib/core/trigger/failed-event.ts';

const event = { source: 'aws.ecr', detail: { 'image-tag': '1.2.3' } };
const arn = 'arn:aws:lambda:eu-west-1:111122223333:function:Holdfast-Image0A1B:$LATEST';

/** What Lambda writes when an asynchronous invocation failed for good. */
function record(over: object = {}, context: object = {}): string {
  return JSON.stringify({
    version: '1.0',
    timestamp: '2026-11-21T12:00:00.000Z',
    requestContext: {
      requestId: 'r-1',
      functionArn: arn,
      condition: 'RetriesExhausted',
      approximateInvokeCount: 3,
      ...context,
    },
    requestPayload: event,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorType: 'HoldfastError', errorMessage: 'The store does not answer', trace: ['…'] },
    ...over,
  });
}

describe('a record of Lambda', () => {
  it('holds the event, the function, what it said, and how often it was tried', () => {
    const reason = 'Holdfast-Image0A1B: The store does not answer';
    expect(readFailedEvent(record())).toEqual({ event, reason, attempts: 3 });
  });

  it('names errors that are not ours', () => {
    const odd = record({ responsePayload: { errorType: 'Runtime.ExitError', errorMessage: 'exit\n status 1' } });
    expect(readFailedEvent(odd).reason).toBe('Holdfast-Image0A1B: Runtime.ExitError: exit status 1');
  });

  it('without an answer says the condition: the function was never started', () => {
    const aged = record({ responsePayload: undefined }, { condition: 'EventAgeExceeded', approximateInvokeCount: 0 });
    expect(readFailedEvent(aged)).toMatchObject({ reason: 'Holdfast-Image0A1B: EventAgeExceeded', attempts: 0 });
  });
});

describe('an event of EventBridge or its Scheduler', () => {
  it('is the body, and the attributes say why', () => {
    const attributes = {
      ERROR_CODE: 'NO_PERMISSIONS',
      ERROR_MESSAGE: 'User is not authorized',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '8',
      TARGET_ARN: 'arn:aws:lambda:eu-west-1:111122223333:function:Holdfast-Image0A1B',
    };
    const reason = 'Holdfast-Image0A1B: NO_PERMISSIONS: User is not authorized';
    expect(readFailedEvent(JSON.stringify(event), attributes)).toEqual({ event, reason, attempts: 9 });
    expect(readFailedEvent(JSON.stringify(event))).toEqual({ event, reason: 'Nobody said why', attempts: 1 });
  });
});

it('is shown whatever it is', () => {
  for (const body of ['', 'text', '[]', 'null', '{'])
    expect(readFailedEvent(body)).toEqual({ event: undefined, reason: 'The message is not an event', attempts: 1 });
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.dictionary(fc.string(), fc.string()), (context, answer, given) => {
      const body = JSON.stringify({ requestContext: context, requestPayload: event, responsePayload: answer });
      const { reason, attempts } = readFailedEvent(body, given);
      expect(reason).toMatch(/^.{1,500}$/);
      expect(attempts).toBeGreaterThanOrEqual(0);
    }),
  );
});
