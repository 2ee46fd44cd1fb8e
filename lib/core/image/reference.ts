// Image references as people type them: REPOSITORY:TAG.
import { HoldfastError } from '../errors.ts';
import { shown } from '../source/path.ts';
import { isTag } from '../trigger/ecr.ts';

export interface ImageReference {
  /** Registry host (if any) and name. */
  readonly repository: string;
  readonly tag: string;
  /** The name without the registry's host. */
  readonly name: string;
  /** Account and region, when the host is one of Amazon ECR. */
  readonly ecr: { readonly account: string; readonly region: string } | undefined;
}

const hostPattern = /^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?|localhost(?::\d+)?)$/i;
const ecrPattern = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;
const namePattern = /^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/;

/** Reads REPOSITORY:TAG. Throws `ImageReferenceInvalid`. */
export function parseImage(text: string): ImageReference {
  const colon = text.lastIndexOf(':');
  const [repository, tag] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
  const slash = repository.indexOf('/');
  const first = repository.slice(0, Math.max(slash, 0));
  const host = hostPattern.test(first) ? first : '';
  const name = host === '' ? repository : repository.slice(slash + 1);
  if (!isTag(tag) || !namePattern.test(name) || repository.length > 300) {
    throw new HoldfastError({
      code: 'ImageReferenceInvalid',
      source: 'user',
      message: `"${shown(text, 100)}" is not an image: write REPOSITORY:TAG, for example shop:1.2.3`,
    });
  }
  const [, account, region] = ecrPattern.exec(host) ?? [];
  const ecr = account === undefined || region === undefined ? undefined : { account, region };
  return { repository, tag, name, ecr };
}
