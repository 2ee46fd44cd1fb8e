// Events that a function failed on, or that never reached one, as they wait in their dead letter queue.
import type { Json } from '../json.ts';
import { isObject } from '../json.ts';

/** What is known of such an event. */
export interface FailedEvent {
  /** What the function was, or would have been, invoked with; undefined when the message cannot be read. */
  readonly event: Json | undefined;
  /** Why it is here, in one line. */
  readonly reason: string;
  readonly attempts: number;
}

/** Attributes of the message: EventBridge and its Scheduler write there what Lambda writes into the body. */
export type FailedEventAttributes = Readonly<Record<string, string | undefined>>;

/** Reads a message. Never throws, whatever it holds. */
export function readFailedEvent(body: string, attributes: FailedEventAttributes = {}): FailedEvent {
  const message = parsed(body);
  if (!isObject(message)) return { event: undefined, reason: 'The message is not an event', attempts: 1 };
  const context = message['requestContext'];
  if (isObject(context) && 'requestPayload' in message) return ofLambda(context, message);
  const { ERROR_CODE, ERROR_MESSAGE, EXHAUSTED_RETRY_CONDITION, TARGET_ARN, RETRY_ATTEMPTS } = attributes;
  const why = [ERROR_CODE, ERROR_MESSAGE].filter((one) => one !== undefined && one !== '');
  return {
    event: message,
    reason: line(nameIn(TARGET_ARN), ...(why.length === 0 ? [EXHAUSTED_RETRY_CONDITION] : why)),
    attempts: 1 + count(RETRY_ATTEMPTS),
  };
}

/** The record of an asynchronous invocation: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
function ofLambda(context: { readonly [key: string]: Json | undefined }, message: typeof context): FailedEvent {
  const answer = message['responsePayload'];
  const said = isObject(answer) ? [answer['errorType'], answer['errorMessage']] : [];
  const why = said.filter((one) => typeof one === 'string' && one !== '' && one !== 'Error' && one !== 'HoldfastError');
  const { functionArn, condition, approximateInvokeCount } = context;
  return {
    event: message['requestPayload'],
    reason: line(nameIn(functionArn), ...(why.length === 0 ? [condition] : why)),
    attempts: count(approximateInvokeCount),
  };
}

/** `name: why: more`, on one line and not endless. */
function line(...parts: readonly (Json | undefined)[]): string {
  const given = parts.filter((part): part is string => typeof part === 'string' && part !== '');
  const text = given.join(': ').replaceAll(/\s+/g, ' ').slice(0, 500);
  return text === '' ? 'Nobody said why' : text;
}

/** The name in an ARN of a function, rule, topic or schedule. */
function nameIn(arn: Json | undefined): string | undefined {
  if (typeof arn !== 'string') return undefined;
  return arn
    .replace(/:\$LATEST$/, '')
    .split(/[:/]/)
    .at(-1);
}

function count(value: Json | undefined): number {
  const number = Number(value);
  return Number.isInteger(number) && number >= 0 && number < 1_000_000 ? number : 0;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
