// What server-side apply has to know about a type: which lists are keyed, which objects are one value, which fields exist.
import type { Json } from '../../../../core/json.ts';

/** A scalar that a type allows; `untyped` is any scalar. */
export type ScalarType = 'string' | 'number' | 'boolean' | 'untyped';

/**
 * What may stand at a place. More than one member means that the value decides. Nodes are linked in cycles (a JSON schema contains itself), so
 * they are filled after they are made.
 */
export interface TypeNode {
  /** The name in the table, for types that have one. */
  name?: string;
  scalar?: ScalarType;
  list?: ListType;
  map?: MapType;
}

/** A list: one value (`atomic`), or entries known by some of their fields (`keys`) or by themselves (`keys` empty). */
export interface ListType {
  readonly atomic: boolean;
  readonly keys: readonly string[];
  readonly element: TypeNode;
  /** How a strategic merge patch treats it, which is not always how apply does: by key, as a set, or as one value. */
  readonly patch: 'map' | 'set' | 'replace';
  readonly patchKey: string | undefined;
}

/** A struct (named fields, `element` undefined), a map (`element` for any name), or both. */
export interface MapType {
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, FieldType>;
  readonly element: TypeNode | undefined;
}

/**
 * A field of a struct. `presence` says what happens when it is empty: `*` only null is left out, `?` left out when empty, `!` always written,
 * `~` left out when zero.
 */
export interface FieldType {
  readonly type: TypeNode;
  readonly presence: string;
  /** Where it stands in a protobuf message: numbers of nested messages, the last one its own. Empty when it has none. */
  readonly numbers: readonly number[];
  /** What an entry without it counts as, when it is a key of its list. */
  readonly default: Json | undefined;
  /** Whether Go holds a struct there, which is always written, however empty. */
  readonly isStruct: boolean;
  /** The zero value that Go writes for what is no struct; `undefined` when nothing is written. */
  readonly zero: Json | undefined;
}

const UNTYPED: TypeNode = { scalar: 'untyped' };
UNTYPED.list = { atomic: true, keys: [], element: UNTYPED, patch: 'replace', patchKey: undefined };
UNTYPED.map = { atomic: true, fields: new Map(), element: UNTYPED };

/** A value without a schema: objects are merged field by field, lists are one value. Custom resources have this type. */
export const DEDUCED: TypeNode = { scalar: 'untyped', list: UNTYPED.list };
DEDUCED.map = { atomic: false, fields: new Map(), element: DEDUCED };

/** An object without declared fields. */
export const FREE_OBJECT: TypeNode = { map: DEDUCED.map };
