// What a health check answers, and how it reads an object. Every check is pure: one object in, one verdict out.
import { isObject, type Json, type JsonObject } from '../../json.ts';
import type { Health } from '../../plan/target.ts';
import type { KubeObject } from '../object.ts';

export interface Verdict {
  readonly health: Health;
  /** Part of a sentence: `1 of 3 replicas ready`. */
  readonly message: string;
}

/** Judges one kind. */
export type HealthCheck = (object: KubeObject) => Verdict;

export const healthy = (message: string): Verdict => ({ health: 'Healthy', message });
export const progressing = (message: string): Verdict => ({ health: 'Progressing', message });
export const degraded = (message: string): Verdict => ({ health: 'Degraded', message });
export const suspended = (message: string): Verdict => ({ health: 'Suspended', message });
export const unknown = (message: string): Verdict => ({ health: 'Unknown', message });

/** A member that should be an object; empty when it is not there. */
export function part(object: JsonObject | undefined, name: string): JsonObject {
  const value = object?.[name];
  return isObject(value) ? value : {};
}

/** A member that should be a number; `fallback` when it is not there. */
export function count(object: JsonObject, name: string, fallback = 0): number {
  const value = object[name];
  return typeof value === 'number' ? value : fallback;
}

export function text(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}

export function list(object: JsonObject, name: string): readonly JsonObject[] {
  const value = object[name];
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];
}

export interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** A status condition by its type. */
export function condition(object: KubeObject, type: string): Condition | undefined {
  const found = list(part(object, 'status'), 'conditions').find((item) => item['type'] === type);
  if (found === undefined) return undefined;
  return { status: text(found, 'status'), reason: text(found, 'reason'), message: text(found, 'message') };
}

/** Reason and message of a condition as one text. */
export function why(found: Condition): string {
  if (found.message === '') return found.reason;
  return found.reason === '' ? found.message : `${found.reason}: ${found.message}`;
}

/** Progressing while the controller has not seen the newest specification; undefined once it has. */
export function notObserved(object: KubeObject): Verdict | undefined {
  const generation = object.metadata.generation ?? 0;
  const observed = part(object, 'status')['observedGeneration'];
  const seen = typeof observed === 'number' ? observed : 0;
  return seen < generation ? progressing('its controller has not looked at the newest version yet') : undefined;
}
