// One request to the security token service: signed, bounded in time, tried again where that helps.
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../../core/errors.ts';
import type { AwsCredentials } from './credentials.ts';
import { stsHost } from './partition.ts';
import { signedPost } from './sign.ts';

const timeoutMs = 10_000;
const attempts = 3;
/** First upper bound of the wait between two attempts, doubled each time. */
const baseMs = 200;

export interface StsRequest {
  readonly region: string;
  /** Another endpoint than the region's own; AWS_ENDPOINT_URL_STS and AWS_ENDPOINT_URL when absent. */
  readonly endpoint?: string;
  readonly credentials: AwsCredentials;
  readonly action: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** What it is about, for errors. */
  readonly object: string;
}

/** What the service answered: the text of an element of its XML, unescaped; undefined when it is not there. */
export interface StsReply {
  readonly ok: boolean;
  readonly text: (element: string) => string | undefined;
}

/** Asks the service. A refusal is an answer; throws `TargetUnavailable` when there is none. */
export async function askSts(request: StsRequest): Promise<StsReply> {
  for (let attempt = 1; ; attempt++) {
    const reply = await exchange(request);
    if (!(reply instanceof HoldfastError) && (reply.ok || !passing(reply))) return reply;
    if (attempt === attempts) {
      if (reply instanceof HoldfastError) throw reply;
      return reply;
    }
    await sleep(Math.random() * baseMs * 2 ** (attempt - 1));
  }
}

/** Whether a refusal may be gone with the next attempt. */
function passing(reply: StsReply): boolean {
  return /^(?:Throttl|RequestLimit|TooManyRequests|ServiceUnavailable|InternalFailure)/.test(reply.text('Code') ?? '');
}

async function exchange(request: StsRequest): Promise<StsReply | HoldfastError> {
  const url = new URL(request.endpoint ?? endpointFromEnvironment() ?? `https://${stsHost(request.region)}/`);
  const body = new URLSearchParams({
    Action: request.action,
    Version: '2011-06-15',
    ...request.parameters,
  }).toString();
  const { host: _host, ...headers } = await signedPost(
    { url, body, headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' } },
    { region: request.region, service: 'sts', credentials: request.credentials, now: new Date() },
  );
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
    const text = await response.text();
    if (response.status >= 500) return noAnswer(request, url, `status ${response.status}`);
    return { ok: response.ok, text: (name) => element(text, name) };
  } catch (cause) {
    return noAnswer(request, url, reasonOf(cause));
  }
}

function endpointFromEnvironment(): string | undefined {
  const { AWS_ENDPOINT_URL_STS: own, AWS_ENDPOINT_URL: all } = process.env;
  return [own, all].find((one) => one !== undefined && one !== '');
}

function noAnswer(request: StsRequest, url: URL, reason: string): HoldfastError {
  return new HoldfastError({
    code: 'TargetUnavailable',
    source: 'remote',
    message: `${url.host} does not answer`,
    retryable: true,
    object: request.object,
    reason,
  });
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (!(cause instanceof Error)) return 'no answer';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replaceAll(/&(lt|gt|amp|quot|apos);/g, (_all, entity: string) => entities[entity] ?? '');
}
