// Merges an applied object into the live one: objects by field, keyed lists by key, everything else replaced.
import type { Json } from '../../../../core/json.ts';
import { sameJson } from '../json.ts';
import { asList, asMap, fieldTypeOf, formOf, knownElement } from './atom.ts';
import type { Element } from './element.ts';
import type { ListType, MapType, TypeNode } from './types.ts';

/** The live value with the applied one on top. Parts that do not change are the very same values, so that "nothing changed" is cheap to see. */
export function mergeValues(type: TypeNode, live: Json | undefined, applied: Json | undefined): Json | undefined {
  const form = applied === undefined || applied === null ? formOf(type, live) : formOf(type, applied);
  if (live !== undefined && live !== null && formOf(type, live) !== form) return applied;
  if (form === 'map' && type.map !== undefined) return mergeMaps(type.map, live, applied);
  if (form === 'list' && type.list !== undefined) return mergeLists(type.list, live, applied);
  return replaced(live, applied);
}

function replaced(live: Json | undefined, applied: Json | undefined): Json | undefined {
  if (applied === undefined) return live;
  return live !== undefined && sameJson(live, applied) ? live : applied;
}

function mergeMaps(map: MapType, live: Json | undefined, applied: Json | undefined): Json | undefined {
  const left = asMap(live) ?? {};
  const right = asMap(applied) ?? {};
  const names = Object.keys(left);
  // Two empty ones are one value: that keeps `{}`, `null` and "not there" apart.
  if (map.atomic || (names.length === 0 && Object.keys(right).length === 0)) return replaced(live, applied);
  const result: Record<string, Json> = {};
  let changed = live === undefined || live === null;
  for (const name of new Set([...names, ...Object.keys(right)])) {
    const before = left[name];
    const type = fieldTypeOf(map, name);
    const after = type === undefined ? (right[name] ?? before) : mergeValues(type, before, right[name]);
    if (after !== before) changed = true;
    if (after !== undefined) result[name] = after;
  }
  return changed ? result : live;
}

function mergeLists(list: ListType, live: Json | undefined, applied: Json | undefined): Json | undefined {
  const left = asList(live) ?? [];
  const right = asList(applied) ?? [];
  if (list.atomic || (left.length === 0 && right.length === 0)) return replaced(live, applied);
  const merged = mergeEntries(list, left, right);
  const same = merged.length === left.length && merged.every((entry, index) => entry === left[index]);
  return same ? live : merged;
}

interface Indexed {
  readonly elements: readonly Element[];
  /** `undefined` for an entry whose key is there twice: such entries are not merged with. */
  readonly entries: ReadonlyMap<Element, Json | undefined>;
}

function index(list: ListType, values: readonly Json[]): Indexed {
  const entries = new Map<Element, Json | undefined>();
  const elements = values.map((entry) => {
    const element = knownElement(list, entry);
    entries.set(element, entries.has(element) ? undefined : entry);
    return element;
  });
  return { elements, entries };
}

/**
 * Keeps the order of the applied list for what both have, and puts what only the live list has where it stood relative to its neighbours.
 */
function mergeEntries(list: ListType, left: readonly Json[], right: readonly Json[]): Json[] {
  const live = index(list, left);
  const applied = index(list, right);
  const shared = applied.elements.filter((element) => live.entries.has(element));
  const done = new Set<Element>();
  const merged: Json[] = [];
  let nextShared = 0;
  const put = (before: Json | undefined, after: Json | undefined): void => {
    const entry = mergeValues(list.element, before, after);
    if (entry !== undefined) merged.push(entry);
  };
  let l = 0;
  let r = 0;
  while (l < live.elements.length || r < applied.elements.length) {
    const mine = live.elements[l];
    const theirs = applied.elements[r];
    if (mine !== undefined && theirs !== undefined) {
      if (mine === theirs) {
        done.add(mine);
        put(live.entries.get(mine), applied.entries.get(mine));
        l++;
        r++;
        nextShared++;
        continue;
      }
      // In both, but the applied list wants another one first.
      if (applied.entries.has(mine) && nextShared < shared.length && shared[nextShared] !== mine) {
        l++;
        continue;
      }
    }
    if (mine !== undefined) {
      if (!applied.entries.has(mine)) {
        put(left[l], undefined);
        l++;
        continue;
      }
      if (done.has(mine)) l++;
    }
    if (theirs !== undefined) {
      done.add(theirs);
      put(live.entries.get(theirs), applied.entries.get(theirs));
      r++;
      if (shared[nextShared] === theirs) nextShared++;
    }
  }
  return merged;
}
