// A webhook delivery after its signature was checked: reduced to what may be believed, as it travels through the source queue.
import { isObject } from '../json.ts';
import { isBranch, isCommitId } from '../source/branch.ts';

export interface Delivery {
  readonly v: 1;
  readonly kind: 'push';
  /** Repository, by the address that was posted to. */
  readonly alias: string;
  /** Id that the Git host gave; the same delivery may come again. */
  readonly delivery: string;
  /** Hash of the body: the same id with another body is a forgery or a mistake. */
  readonly digest: string;
  /** `refs/heads/…`. */
  readonly ref: string;
  /** Commit id; 40 zeros when the branch was deleted. */
  readonly after: string;
}

/** A delivery out of a message; undefined when it is none. Never throws. */
export function readDelivery(text: string): Delivery | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value['v'] !== 1 || value['kind'] !== 'push') return undefined;
  const { alias, delivery, digest, ref, after } = value;
  if (typeof alias !== 'string' || !/^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/.test(alias)) return undefined;
  if (typeof delivery !== 'string' || !/^[A-Za-z0-9._:-]{1,100}$/.test(delivery)) return undefined;
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) return undefined;
  if (typeof ref !== 'string' || !ref.startsWith('refs/heads/') || !isBranch(ref.slice('refs/heads/'.length)))
    return undefined;
  if (typeof after !== 'string' || !isCommitId(after)) return undefined;
  return { v: 1, kind: 'push', alias, delivery, digest, ref, after };
}
