// CloudFormation's stack and drift events as EventBridge delivers them: which stack to look at, and which operation of ours it was.
import type { JsonObject } from '../json.ts';
import { isObject } from '../json.ts';

interface StackPlace {
  /** Id of the event; the same event may come again, and events come in any order: read the stack. */
  readonly id: string;
  readonly account: string;
  readonly region: string;
  /** ARN. */
  readonly stackId: string;
}

/** That an operation of ours went on. */
export interface StackHint extends StackPlace {
  readonly kind: 'stack';
  /** What the stack's status was then, e.g. `UPDATE_COMPLETE`. For messages: read the stack for what it is now. */
  readonly status: string;
  /** The whole client request token of the operation. */
  readonly token: string;
  /** First 16 hex digits of the digest of the stack's owner. */
  readonly owner: string;
  readonly operation: string;
}

/** That a drift detection went on. It carries no token: whose stack it is, the store tells. */
export interface StackDriftHint extends StackPlace {
  readonly kind: 'drift';
  readonly detectionId: string;
  /** Whether there is a result to be read. */
  readonly complete: boolean;
}

export type StackEventResult =
  | StackHint
  | StackDriftHint
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Whose events are believed; absent means any. */
export interface StackEventFilter {
  readonly accounts?: readonly string[];
  readonly regions?: readonly string[];
}

const ignored = (reason: string): StackEventResult => ({ kind: 'ignored', reason });
const malformed = (reason: string): StackEventResult => ({ kind: 'malformed', reason });

const stackArn =
  /^arn:aws[a-z-]{0,20}:cloudformation:([a-z0-9-]{5,30}):(\d{12}):stack\/[A-Za-z][A-Za-z0-9-]{0,127}\/[0-9a-f-]{36}$/;

/** The parts of a token of ours, `hf-<16 hex>-<operation>`; undefined when it is somebody else's. */
export function readOperationToken(token: string): { readonly owner: string; readonly operation: string } | undefined {
  const match = token.length > 128 ? null : /^hf-([0-9a-f]{16})-([A-Za-z0-9-]+)$/.exec(token);
  const [, owner, operation] = match ?? [];
  return owner === undefined || operation === undefined ? undefined : { owner, operation };
}

/** Reads an event. Never throws, whatever the value is. */
export function readStackEvent(event: unknown, filter: StackEventFilter = {}): StackEventResult {
  if (!isObject(event)) return malformed('the event is not an object');
  const { source, account, region, id, detail } = event;
  const type = event['detail-type'];
  if (source !== 'aws.cloudformation') return ignored('the source is not aws.cloudformation');
  if (type !== 'CloudFormation Stack Status Change' && type !== 'CloudFormation Drift Detection Status Change') {
    return ignored('it is neither of the status of a stack nor of a drift detection');
  }
  if (!isObject(detail)) return malformed('"detail" is not an object');
  if (typeof account !== 'string' || !/^\d{12}$/.test(account)) return malformed('"account" is odd');
  if (typeof region !== 'string' || !/^[a-z0-9-]{5,30}$/.test(region)) return malformed('"region" is odd');
  if (filter.accounts?.includes(account) === false) return ignored(`account ${account} is not ours`);
  if (filter.regions?.includes(region) === false) return ignored(`region ${region} is not ours`);
  const stackId = detail['stack-id'];
  const [, itsRegion, itsAccount] = typeof stackId === 'string' ? (stackArn.exec(stackId) ?? []) : [];
  if (typeof stackId !== 'string' || itsRegion === undefined) return malformed('"stack-id" is not the ARN of a stack');
  // Who may put events on our bus could name any stack: the account is what the service itself vouches for.
  if (itsAccount !== account || itsRegion !== region) return malformed('the stack is not of the account of the event');
  const place = { id: typeof id === 'string' ? id.slice(0, 100) : '', account, region, stackId };
  return type === 'CloudFormation Stack Status Change' ? readStatus(detail, place) : readDrift(detail, place);
}

function readStatus(detail: JsonObject, place: StackPlace): StackEventResult {
  const details = detail['status-details'];
  const status = isObject(details) ? details['status'] : undefined;
  const token = detail['client-request-token'];
  if (typeof status !== 'string' || !/^[A-Z_]{1,80}$/.test(status)) return malformed('"status" is odd');
  if (token === undefined || token === null || token === '')
    return ignored('the operation has no token: it is not ours');
  if (typeof token !== 'string') return malformed('"client-request-token" is not a text');
  const parts = readOperationToken(token);
  if (parts === undefined) return ignored('the token of the operation is not ours');
  return { kind: 'stack', ...place, status, token, ...parts };
}

function readDrift(detail: JsonObject, place: StackPlace): StackEventResult {
  const details = detail['status-details'];
  const status = isObject(details) ? details['detection-status'] : undefined;
  const detectionId = detail['stack-drift-detection-id'];
  if (typeof detectionId !== 'string' || !/^[A-Za-z0-9-]{1,100}$/.test(detectionId)) {
    return malformed('"stack-drift-detection-id" is odd');
  }
  if (typeof status !== 'string' || !/^[A-Z_]{1,80}$/.test(status)) return malformed('"detection-status" is odd');
  return { kind: 'drift', ...place, detectionId, complete: status !== 'DETECTION_IN_PROGRESS' };
}
