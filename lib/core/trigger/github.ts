// GitHub's push deliveries: read into a hint without believing anything, and written for the built-in Git host.
import type { JsonObject } from '../json.ts';
import { isObject } from '../json.ts';
import { isBranch, isCommitId } from '../source/branch.ts';
import { shown } from '../source/path.ts';
import { decodeStrictUtf8 } from '../text.ts';

/** That a branch may have moved. Which repository is meant is decided by the address it was posted to, not by what it says. */
export interface PushHint {
  readonly kind: 'push';
  /** Id of the delivery; the same delivery may come again. */
  readonly delivery: string;
  /** `refs/heads/…`. */
  readonly ref: string;
  /** Commit id; 40 zeros when the branch was deleted. */
  readonly after: string;
  /** Name of the Git host, of the payload's clone URL; '' when it gives none. For messages. */
  readonly host: string;
  /** `owner/name` as the payload says. For messages. */
  readonly repository: string;
}

/** A delivery after its signature was found right. */
export interface Delivery {
  readonly event: string | undefined;
  readonly delivery: string | undefined;
  readonly body: Uint8Array;
}

export type DeliveryResult =
  | PushHint
  | { readonly kind: 'ping' }
  /** Well-formed and none of our business: to be answered with success. */
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'malformed'; readonly reason: string };

const malformed = (reason: string): DeliveryResult => ({ kind: 'malformed', reason });

/** Reads a delivery. Never throws, whatever the bytes are. */
export function readGithubDelivery({ event, delivery, body }: Delivery): DeliveryResult {
  if (delivery === undefined || !/^[A-Za-z0-9._:-]{1,100}$/.test(delivery)) {
    return malformed('the header X-GitHub-Delivery is missing or odd');
  }
  if (event === undefined || !/^[a-z_]{1,60}$/.test(event))
    return malformed('the header X-GitHub-Event is missing or odd');
  if (event === 'ping') return { kind: 'ping' };
  if (event !== 'push') return { kind: 'ignored', reason: `the event ${event} is not a push` };
  const payload = parseJson(body);
  return isObject(payload) ? readPush(payload, delivery) : malformed('the body is not a JSON object');
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(decodeStrictUtf8(body) ?? '');
  } catch {
    return undefined;
  }
}

function readPush(payload: JsonObject, delivery: string): DeliveryResult {
  const ref = own(payload, 'ref');
  const after = own(payload, 'after');
  const repository = own(payload, 'repository');
  if (typeof ref !== 'string') return malformed('"ref" is not a text');
  if (typeof after !== 'string' || !isCommitId(after)) return malformed('"after" is not a commit id');
  if (!isObject(repository)) return malformed('"repository" is not an object');
  const name = own(repository, 'full_name');
  if (typeof name !== 'string' || !/^[A-Za-z0-9._/-]{1,200}$/.test(name)) {
    return malformed('"repository.full_name" is not a name');
  }
  if (/^refs\/tags\/[^\s\p{Cc}]{1,250}$/u.test(ref))
    return { kind: 'ignored', reason: 'a tag was pushed, not a branch' };
  const branch = ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : '';
  if (!isBranch(branch)) return malformed(`"ref" is not a branch: ${shown(ref, 60)}`);
  const host = hostOf(own(repository, 'clone_url'));
  return { kind: 'push', delivery, ref, after, host, repository: name };
}

/** A member that the payload itself has: what is inherited, such as `__proto__`, is not. */
function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function hostOf(url: unknown): string {
  if (typeof url !== 'string' || url.length > 2000) return '';
  return /^https?:\/\/(?:[^/@\s]*@)?([A-Za-z0-9.-]{1,253}(?::\d{1,5})?)\//.exec(url)?.[1] ?? '';
}

/** What GitHub would send for a push, as far as anybody reads it. */
export function githubPushPayload(push: {
  readonly repository: string;
  /** Clone URL. */
  readonly url: string;
  readonly ref: string;
  readonly before: string;
  readonly after: string;
}): JsonObject {
  const nothing = '0'.repeat(40);
  return {
    ref: push.ref,
    before: push.before,
    after: push.after,
    created: push.before === nothing,
    deleted: push.after === nothing,
    repository: {
      name: push.repository,
      full_name: `holdfast/${push.repository}`,
      clone_url: push.url,
      default_branch: 'main',
    },
    pusher: { name: 'holdfast' },
    commits: [],
  };
}
