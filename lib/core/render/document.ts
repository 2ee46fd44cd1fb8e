// What reading one YAML or JSON document gives, and the faults that stop it; shared by the readers of this folder.
import type { Json } from '../json.ts';

/** Something that makes a document unusable. `offset` counts UTF-16 units from the start of the document's text. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly offset: number;
}

/** A value, and where each mapping in it begins (its first key, or its bracket). */
export interface Parsed {
  readonly value: Json;
  /** Where the value begins. */
  readonly offset: number;
  readonly places: ReadonlyMap<object, number>;
}

export type ParseResult =
  | { readonly kind: 'parsed'; readonly parsed: readonly Parsed[] }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] };

/** Levels of mappings and sequences; deeper than any API type, and safe for every recursive reader after this one. */
export const maxLevels = 256;

export const roundedNumber = (text: string): string =>
  `${text.slice(0, 40)} cannot be kept exactly as a number; quote it if it is text`;

/** The one key that is refused: assigned to a plain object it would change the object's type instead of adding a member. */
export const unsafeKey = '__proto__';
