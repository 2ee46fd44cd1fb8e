// Amazon ECR's image events as EventBridge delivers them: read into a hint, and written for the sandbox registry.
import type { JsonObject } from '../json.ts';
import { isObject } from '../json.ts';

/** That a tag was pushed. What tags there are is asked of the registry; this only rings. */
export interface ImageHint {
  readonly kind: 'hint';
  /** Id of the event; the same event may come again. */
  readonly id: string;
  readonly account: string;
  readonly region: string;
  /** Repository name without registry, e.g. `team/shop`. */
  readonly repository: string;
  readonly tag: string;
  readonly digest: string | undefined;
  /** The repository as manifests write it: registry host and name. */
  readonly image: string;
}

export type ImageEventResult =
  | ImageHint
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Which registries' events are believed; absent means any. */
export interface ImageEventFilter {
  readonly accounts?: readonly string[];
  readonly regions?: readonly string[];
}

const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;
const repositoryPattern = /^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/;

/** Whether the text can be an image tag: letters, digits, `.`, `_`, `-`; nothing that means anything in YAML, a shell or a message. */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** Whether the text is a SHA-256 digest as registries write it. */
export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

/** The registry host of an account and region. */
export function ecrHost(account: string, region: string): string {
  return `${account}.dkr.ecr.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** Reads an event. Never throws, whatever the value is. */
export function readImageEvent(event: unknown, filter: ImageEventFilter = {}): ImageEventResult {
  if (!isObject(event)) return { kind: 'malformed', reason: 'the event is not an object' };
  const { source, account, region, id, detail } = event;
  if (source !== 'aws.ecr') return { kind: 'ignored', reason: 'the source is not aws.ecr' };
  if (event['detail-type'] !== 'ECR Image Action') {
    return {
      kind: 'ignored',
      reason: 'it is not an image action (replication and pull-through events have one of their own)',
    };
  }
  if (!isObject(detail)) return { kind: 'malformed', reason: '"detail" is not an object' };
  if (typeof account !== 'string' || !/^\d{12}$/.test(account))
    return { kind: 'malformed', reason: '"account" is odd' };
  if (typeof region !== 'string' || !/^[a-z0-9-]{5,30}$/.test(region))
    return { kind: 'malformed', reason: '"region" is odd' };
  if (filter.accounts?.includes(account) === false)
    return { kind: 'ignored', reason: `account ${account} is not ours` };
  if (filter.regions?.includes(region) === false) return { kind: 'ignored', reason: `region ${region} is not ours` };
  return readDetail(detail, { account, region, id: typeof id === 'string' ? id.slice(0, 100) : '' });
}

function readDetail(
  detail: JsonObject,
  where: { readonly account: string; readonly region: string; readonly id: string },
): ImageEventResult {
  if (detail['action-type'] !== 'PUSH') return { kind: 'ignored', reason: 'it is not a push' };
  if (detail['result'] !== 'SUCCESS') return { kind: 'ignored', reason: 'the push did not succeed' };
  const repository = detail['repository-name'];
  const tag = detail['image-tag'];
  const digest = detail['image-digest'];
  if (typeof repository !== 'string' || repository.length > 256 || !repositoryPattern.test(repository)) {
    return { kind: 'malformed', reason: '"repository-name" is odd' };
  }
  if (tag === undefined || tag === '') return { kind: 'ignored', reason: 'the image has no tag' };
  if (typeof tag !== 'string' || !isTag(tag)) return { kind: 'malformed', reason: '"image-tag" is odd' };
  if (digest !== undefined && (typeof digest !== 'string' || !isDigest(digest))) {
    return { kind: 'malformed', reason: '"image-digest" is odd' };
  }
  const image = `${ecrHost(where.account, where.region)}/${repository}`;
  return { kind: 'hint', ...where, repository, tag, digest, image };
}

/** What EventBridge would deliver for a pushed tag. */
export function ecrPushEvent(push: {
  readonly account: string;
  readonly region: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}): JsonObject {
  return {
    version: '0',
    id: push.id,
    'detail-type': 'ECR Image Action',
    source: 'aws.ecr',
    account: push.account,
    time: new Date(push.at).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    region: push.region,
    resources: [],
    detail: {
      result: 'SUCCESS',
      'repository-name': push.repository,
      'image-digest': push.digest,
      'action-type': 'PUSH',
      'image-tag': push.tag,
    },
  };
}
