// A Kubernetes object as plain JSON, and its identity.
import type { JsonObject } from '../json.ts';

export interface ObjectMeta extends JsonObject {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface KubeObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** Which object, whatever its version: group and kind, namespace ('' when cluster-scoped), name. */
export interface ObjectId {
  /** API group, '' for core. */
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The group of an apiVersion: `apps/v1` -> `apps`, `v1` -> ''. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** Stable key of an identity, `group/Kind|namespace/name`; also the tail of the owner annotation (contracts §4). */
export function idKey(id: ObjectId): string {
  return `${id.group}/${id.kind}|${id.namespace}/${id.name}`;
}

/** What people read: `Deployment/prod/web`, `Namespace/prod`. */
export function idText(id: ObjectId): string {
  return id.namespace === '' ? `${id.kind}/${id.name}` : `${id.kind}/${id.namespace}/${id.name}`;
}
