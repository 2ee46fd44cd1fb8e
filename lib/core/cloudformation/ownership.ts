// Whose a stack is: the marks as tags, and the tokens of our operations.
import type { Hash } from '../json.ts';
import { appLabel, appLabelValue, installationLabel, markPrefix, ownerAnnotation } from '../kubernetes/marks.ts';

/** CloudFormation allows 50 tags, values of 256 characters. */
const maxTagValue = 256;

export interface StackOwner {
  readonly installation: string;
  /** Application id. */
  readonly application: string;
  readonly stack: string;
}

/** The text of the owner tag: describes this very stack, so that copied tags are recognised. */
export function stackOwnerText(owner: StackOwner): string {
  return `${owner.installation}/${owner.application}|cloudformation/Stack|${owner.stack}`;
}

/** Our three tags. */
export function ownerTags(owner: StackOwner, hash: Hash): Readonly<Record<string, string>> {
  // Tag values allow neither `|` nor everything else; the characters used here are letters, digits and + - = . _ : / @.
  const text = stackOwnerText(owner).replaceAll('|', ' ').slice(0, maxTagValue);
  return {
    [appLabel]: appLabelValue(owner.application, hash),
    [installationLabel]: owner.installation,
    [ownerAnnotation]: text,
  };
}

/** Whether a tag key is one of our marks. */
export function isMark(key: string): boolean {
  return key.startsWith(`${markPrefix}/`);
}

export type Ownership =
  | { readonly kind: 'ours' }
  | { readonly kind: 'nobody' }
  /** Another application of this installation, another installation, or another tool. */
  | { readonly kind: 'other'; readonly name: string; readonly text: string };

/** Who owns a stack according to its tags. Tags that describe another stack were copied and say nothing. */
export function ownershipOf(tags: Readonly<Record<string, string>>, owner: StackOwner, hash: Hash): Ownership {
  const mark = tags[ownerAnnotation];
  const wanted = ownerTags(owner, hash)[ownerAnnotation];
  if (mark !== undefined && mark === wanted) return { kind: 'ours' };
  if (mark?.endsWith(` ${owner.stack}`) === true) {
    const installation = mark.slice(0, mark.indexOf('/'));
    const application = mark.slice(mark.indexOf('/') + 1, mark.indexOf(' '));
    return installation === owner.installation
      ? { kind: 'other', name: application, text: `application ${application} of this installation` }
      : {
          kind: 'other',
          name: installation,
          text: `the Holdfast installation "${installation}" (application ${application})`,
        };
  }
  return { kind: 'nobody' };
}

/** What tokens of this owner's operations carry: 16 hex digits. */
export function ownerDigest(owner: StackOwner, hash: Hash): string {
  return hash(stackOwnerText(owner)).slice(0, 16);
}

/** Client token and change-set name of one operation: `hf-<16 hex of the owner>-<operation id>`, at most 128 characters of [A-Za-z0-9-]. */
export function operationToken(owner: StackOwner, operation: string, hash: Hash): string {
  const clean = operation.replaceAll(/[^A-Za-z0-9-]/g, '-');
  const id = clean.length <= 100 ? clean : `${clean.slice(0, 91)}-${hash(operation).slice(0, 8)}`;
  return `hf-${ownerDigest(owner, hash)}-${id}`;
}

/** Whether a token belongs to an operation of this owner. */
export function isOurToken(token: string | undefined, owner: StackOwner, hash: Hash): boolean {
  return token?.startsWith(`hf-${ownerDigest(owner, hash)}-`) === true;
}
