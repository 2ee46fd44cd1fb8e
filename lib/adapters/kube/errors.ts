// What the API server refuses, as one error with a stable code.
import { HoldfastError, type ErrorSource } from '../../core/errors.ts';

/**
 * Stable codes of the Kubernetes client.
 * - `ClusterUnreachable` no connection; `ClusterTimeout` no answer in time: the effect of a write is unknown; `Aborted` by the caller.
 * - `Unauthorized` 401; `Forbidden` 403.
 * - `NotFound` no object of this name; `NamespaceMissing` its namespace is not there; `UnknownResource` the server does not serve the kind (yet).
 * - `Conflict` other managers own fields (see `conflicts`); `Stale` the object is not the one that was read; `AlreadyExists` for a create.
 * - `Immutable` a field that cannot change; `Invalid` refused by validation; `SchemaMistake` an unknown field or a wrong type; `BadRequest`.
 * - `NamespaceTerminating`; `AdmissionDenied` a webhook or policy said no; `WebhookDown` a webhook did not answer; `QuotaExceeded`.
 * - `TooManyRequests` 429; `Expired` 410; `ClusterFault` any other 5xx; `UnexpectedAnswer` not what a Kubernetes API says.
 */
export type KubeErrorCode =
  | 'ClusterUnreachable'
  | 'ClusterTimeout'
  | 'Aborted'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'NamespaceMissing'
  | 'UnknownResource'
  | 'Conflict'
  | 'Stale'
  | 'AlreadyExists'
  | 'Immutable'
  | 'Invalid'
  | 'SchemaMistake'
  | 'BadRequest'
  | 'NamespaceTerminating'
  | 'AdmissionDenied'
  | 'WebhookDown'
  | 'QuotaExceeded'
  | 'TooManyRequests'
  | 'Expired'
  | 'ClusterFault'
  | 'UnexpectedAnswer';

/** One cause of a refusal, as the server lists them. */
export interface StatusCause {
  /** e.g. `FieldValueInvalid`, `FieldManagerConflict`. */
  readonly reason: string;
  readonly message: string;
  /** Path as the server writes it, e.g. `spec.replicas`, `.spec.template`. '' when it names none. */
  readonly field: string;
}

/** A field that another manager owns. */
export interface FieldConflict {
  /** Manager name, e.g. `kubectl-edit`. */
  readonly manager: string;
  /** Path as the server writes it, e.g. `.spec.replicas`, `.spec.template.spec.containers[name="web"].image`. */
  readonly field: string;
}

export interface KubeErrorDetail {
  readonly code: KubeErrorCode;
  readonly message: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly retryable: boolean;
  readonly source: ErrorSource;
  readonly object?: string;
  readonly reason?: string;
  readonly next?: string;
  readonly causes?: readonly StatusCause[];
  readonly conflicts?: readonly FieldConflict[];
  /** Milliseconds the server asked to wait. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Thrown by the client. The message never holds a value of a Secret. */
export class KubeApiError extends HoldfastError {
  declare readonly code: KubeErrorCode;
  readonly status: number;
  readonly causes: readonly StatusCause[];
  readonly conflicts: readonly FieldConflict[];
  readonly retryAfterMs: number | undefined;

  constructor(detail: KubeErrorDetail) {
    super(detail);
    this.status = detail.status;
    this.causes = detail.causes ?? [];
    this.conflicts = detail.conflicts ?? [];
    this.retryAfterMs = detail.retryAfterMs;
  }
}

/** Whether an error is the client's and has one of these codes. */
export function isKubeError(error: unknown, ...codes: readonly KubeErrorCode[]): error is KubeApiError {
  return error instanceof KubeApiError && (codes.length === 0 || codes.includes(error.code));
}

/** Codes that say nothing about one kind or object: the cluster cannot be asked at all. */
export const clusterFaults = ['ClusterUnreachable', 'ClusterTimeout', 'Unauthorized', 'Aborted'] as const;
