// Between attributes of DynamoDB and values: plain ones, and JSON that moves to a blob when it is large.
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { createHash } from 'node:crypto';
import type { Json } from '../../../core/json.ts';
import { stateTooNew } from '../../../core/reconcile/rows.ts';
import type { Blobs } from '../../../core/reconcile/store.ts';
import type { Item } from './calls.ts';

/** The format of every item. */
export const FORMAT = 1;

/** JSON longer than this lies in a blob: four such members of a row stay well under the 400 KB of an item. */
export const INLINE_BYTES = 64 * 1024;

export function text(value: string): AttributeValue {
  return { S: value };
}

export function number(value: number): AttributeValue {
  return { N: String(value) };
}

export function textOf(attribute: AttributeValue | undefined): string | undefined {
  return attribute?.S;
}

export function numberOf(attribute: AttributeValue | undefined): number | undefined {
  return attribute?.N === undefined ? undefined : Number(attribute.N);
}

/** Throws `StateTooNew` for an item of a newer version. */
export function checkFormat(item: Item | undefined, what: string): void {
  const found = numberOf(item?.['v']) ?? FORMAT;
  if (found > FORMAT) throw stateTooNew(what, found, FORMAT);
}

/** Members that are JSON. */
export interface Documents {
  /** The attribute for a value. A large one is in its blob before this returns, so that nothing ever points to what is not there. */
  write(value: Json): Promise<AttributeValue>;
  /** The value; undefined when its blob is gone, which means that the item was written anew meanwhile. */
  read(attribute: AttributeValue): Promise<{ readonly value: Json } | undefined>;
  /** Removes the blobs of attributes that no item has any more. One that stays behind costs a fraction of a cent, so a failure is none. */
  drop(attributes: readonly (AttributeValue | undefined)[]): Promise<void>;
}

/** JSON members with `blobs` behind them. `unique` makes each blob belong to one write: only so it may be removed with it. */
export function documents(blobs: Blobs, unique: () => string): Documents {
  return {
    write: async (value) => {
      const json = JSON.stringify(value);
      if (Buffer.byteLength(json) <= INLINE_BYTES) return text(json);
      const bytes = Buffer.from(json);
      const key = `overflow/${createHash('sha256').update(bytes).digest('hex')}-${unique()}`;
      await blobs.put(key, bytes);
      return { M: { blob: text(key) } };
    },
    read: async (attribute) => {
      if (attribute.S !== undefined) return { value: JSON.parse(attribute.S) as Json };
      const bytes = await blobs.get(blobOf(attribute) ?? 'overflow/none');
      return bytes === undefined ? undefined : { value: JSON.parse(Buffer.from(bytes).toString()) as Json };
    },
    drop: async (attributes) => {
      const keys = attributes.flatMap((attribute) => blobOf(attribute) ?? []);
      await Promise.allSettled(keys.map((key) => blobs.delete(key)));
    },
  };
}

/** Where an attribute's value lies when it is not in the item. */
export function blobOf(attribute: AttributeValue | undefined): string | undefined {
  return attribute?.M?.['blob']?.S;
}
