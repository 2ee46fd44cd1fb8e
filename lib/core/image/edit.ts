// What a marked scalar says now, and the file with other values in the marked scalars and every other byte as it was.
import { parse } from 'yaml';
import { isDigest, isTag } from '../trigger/ecr.ts';
import { encodeUtf8 } from '../text.ts';
import type { MarkedFile, Marker } from './markers.ts';
import type { ImageTag } from './registry.ts';

/** What stands in a marked scalar. */
export interface Current {
  readonly tag?: string;
  readonly digest?: string;
}

/** Reads a marked scalar, or says why it is not what its marker says. */
export function currentOf(marker: Marker): Current | { readonly problem: string } {
  const { value, repository, part } = marker;
  if (part === 'tag') return isTag(value) ? { tag: value } : { problem: 'the value is not an image tag' };
  if (part === 'digest') return isDigest(value) ? { digest: value } : { problem: 'the value is not an image digest' };
  if (!value.startsWith(repository)) return { problem: `the value is not an image of ${repository}` };
  const [, tag, digest] = /^(?::([^@]+))?(?:@(.+))?$/.exec(value.slice(repository.length)) ?? ['', 'not a tag!'];
  if ((tag !== undefined && !isTag(tag)) || (digest !== undefined && !isDigest(digest))) {
    return { problem: `the value is not an image of ${repository}` };
  }
  return { ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The new text of a marked scalar, or why there is none. */
export function valueFor(marker: Marker, current: Current, next: ImageTag): string | { readonly problem: string } {
  if (!isTag(next.tag) || (next.digest !== undefined && !isDigest(next.digest)))
    return { problem: 'the new tag is odd' };
  if (marker.part === 'tag') return next.tag;
  const needsDigest = marker.part === 'digest' || current.digest !== undefined;
  if (needsDigest && next.digest === undefined)
    return { problem: `the registry does not tell the digest of ${next.tag}` };
  if (marker.part === 'digest') return next.digest ?? '';
  return `${marker.repository}:${next.tag}${current.digest === undefined ? '' : `@${next.digest}`}`;
}

/** A value to put into a marked scalar. */
export interface MarkerEdit {
  readonly marker: Marker;
  readonly value: string;
}

/** The file with the values replaced. Quotes stay; a plain value gets quotes only when it would be read as a number otherwise. */
export function applyEdits(file: MarkedFile, edits: readonly MarkerEdit[]): Uint8Array {
  let text = '';
  let from = 0;
  for (const { marker, value } of [...edits].sort((a, b) => a.marker.start - b.marker.start)) {
    const written = marker.quoted || isText(value) ? value : `"${value}"`;
    text += file.text.slice(from, marker.start) + written;
    from = marker.end;
  }
  return encodeUtf8(text + file.text.slice(from));
}

/** Whether both versions of YAML read a plain scalar as text: `1.10` is a number, and another one than it looks. */
function isText(plain: string): boolean {
  return (['1.1', '1.2'] as const).every((version) => parse(plain, { version, logLevel: 'silent' }) === plain);
}
