// A set of field paths as a tree, with the algebra of server-side apply. Sets are never changed once another module has them.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isMap } from '../json.ts';
import { compareElements, type Element, elementText, fieldName } from './element.ts';
import type { TypeNode } from './types.ts';

/** A path from the root of an object. */
export type FieldPath = readonly Element[];

/**
 * The paths of `members` end here; those of `children` go on. An element may be in both: then the field itself and something below it are in
 * the set. A child is never empty.
 */
export class FieldSet {
  readonly members: Set<Element>;
  readonly children: Map<Element, FieldSet>;

  constructor(members: Iterable<Element> = [], children: Iterable<readonly [Element, FieldSet]> = []) {
    this.members = new Set(members);
    this.children = new Map(children);
  }

  /** A set of the given paths. */
  static of(...paths: FieldPath[]): FieldSet {
    const result = new FieldSet();
    for (const path of paths) result.insert(path);
    return result;
  }

  /** Adds a path. Only for the one who is building the set. The empty path stands for the whole object, which nobody owns. */
  insert(path: FieldPath): void {
    const [head, ...rest] = path;
    if (head === undefined) return;
    if (rest.length === 0) this.members.add(head);
    else this.descend(head).insert(rest);
  }

  private descend(element: Element): FieldSet {
    const known = this.children.get(element);
    if (known !== undefined) return known;
    const made = new FieldSet();
    this.children.set(element, made);
    return made;
  }

  get isEmpty(): boolean {
    if (this.members.size > 0) return false;
    for (const child of this.children.values()) if (!child.isEmpty) return false;
    return true;
  }

  /** Paths in either. */
  union(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    if (this.isEmpty) return other;
    const result = new FieldSet(this.members, this.children);
    for (const member of other.members) result.members.add(member);
    for (const [element, child] of other.children) {
      const mine = result.children.get(element);
      result.children.set(element, mine === undefined ? child : mine.union(child));
    }
    return result;
  }

  /** Paths in both. */
  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const member of this.members) if (other.members.has(member)) result.members.add(member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      if (theirs !== undefined) result.adopt(element, child.intersection(theirs));
    }
    return result;
  }

  /** Paths of this set that are not in the other; what lies below a path of the other stays. */
  difference(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    const result = new FieldSet();
    for (const member of this.members) if (!other.members.has(member)) result.members.add(member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      result.adopt(element, theirs === undefined ? child : child.difference(theirs));
    }
    return result;
  }

  /** Like `difference`, and everything below a path of the other goes too. */
  recursiveDifference(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    const result = new FieldSet();
    for (const member of this.members) if (!other.members.has(member)) result.members.add(member);
    for (const [element, child] of this.children) {
      if (other.members.has(element)) continue;
      const theirs = other.children.get(element);
      result.adopt(element, theirs === undefined ? child : child.recursiveDifference(theirs));
    }
    return result;
  }

  private adopt(element: Element, child: FieldSet): void {
    if (!child.isEmpty) this.children.set(element, child);
  }

  /** Whether both hold the same paths. */
  equals(other: FieldSet): boolean {
    if (this === other) return true;
    if (this.members.size !== other.members.size || this.children.size !== other.children.size) return false;
    for (const member of this.members) if (!other.members.has(member)) return false;
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      if (theirs === undefined || !child.equals(theirs)) return false;
    }
    return true;
  }

  /** With every field of a struct that has something below it as a member too. Struct fields are not owned by themselves otherwise. */
  withNamedFields(type: TypeNode | undefined): FieldSet {
    const result = new FieldSet(this.members);
    for (const [element, child] of this.children) {
      const name = fieldName(element);
      if (name !== undefined && type?.map?.fields.has(name)) result.members.add(element);
      result.children.set(element, child.withNamedFields(childType(type, element)));
    }
    return result;
  }

  /** Every path, members of a level before what lies below it, in the server's order. */
  *paths(prefix: FieldPath = []): Generator<FieldPath> {
    for (const member of [...this.members].sort(compareElements)) yield [...prefix, member];
    const children = [...this.children].sort(([a], [b]) => compareElements(a, b));
    for (const [element, child] of children) yield* child.paths([...prefix, element]);
  }

  /** The `fieldsV1` form. */
  toFieldsV1(): JsonObject {
    const result: Record<string, Json> = {};
    const elements = new Set([...this.members, ...this.children.keys()]);
    for (const element of [...elements].sort(compareElements)) {
      const child = this.children.get(element);
      if (child === undefined) result[element] = {};
      else result[element] = this.members.has(element) ? { '.': {}, ...child.toFieldsV1() } : child.toFieldsV1();
    }
    return result;
  }

  /** Reads the `fieldsV1` form. */
  static fromFieldsV1(fields: Json | undefined): FieldSet {
    const result = new FieldSet();
    if (!isMap(fields)) return result;
    for (const [element, below] of Object.entries(fields)) {
      if (element === '.') continue;
      const child = FieldSet.fromFieldsV1(below);
      if (child.isEmpty || (isMap(below) && '.' in below)) result.members.add(element);
      result.adopt(element, child);
    }
    return result;
  }
}

/** A path as it is written in conflicts: `.spec.template.spec.containers[name="web"].image`. */
export function pathText(path: FieldPath): string {
  return path.map(elementText).join('');
}

function childType(type: TypeNode | undefined, element: Element): TypeNode | undefined {
  const name = fieldName(element);
  if (name === undefined) return type?.list?.element;
  return type?.map?.fields.get(name)?.type ?? type?.map?.element;
}
