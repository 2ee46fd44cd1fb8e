// The one error family. Every reason why Holdfast stops is a HoldfastError with a stable code.

/** Who has to act: the user (their files or settings), the system (Holdfast or its machine), or a remote side (Git host, cluster, AWS). */
export type ErrorSource = 'user' | 'system' | 'remote';

/** What makes an error actionable. */
export interface ErrorDetail {
  /** Stable, searchable, e.g. `GitUnreachable`. UpperCamelCase, never renamed. */
  readonly code: string;
  readonly source: ErrorSource;
  /** One sentence: what happened. Never holds a secret. */
  readonly message: string;
  /** Whether the same call may succeed later without a person doing anything. */
  readonly retryable?: boolean;
  /** The object it is about, e.g. `Deployment/prod/web`, `stack network`, `apps/shop/web.yaml:3:5`. */
  readonly object?: string;
  /** What the remote side said, masked. */
  readonly reason?: string;
  /** The next command to type. */
  readonly next?: string;
  readonly cause?: unknown;
}

/** The plain form: what is stored in rows, put in JSON answers and printed. */
export interface Failure {
  readonly code: string;
  readonly source: ErrorSource;
  readonly message: string;
  readonly retryable: boolean;
  readonly object?: string;
  readonly reason?: string;
  readonly next?: string;
}

/** Thrown for surprises; expected outcomes are values. */
export class HoldfastError extends Error {
  readonly code: string;
  readonly source: ErrorSource;
  readonly retryable: boolean;
  readonly object: string | undefined;
  readonly reason: string | undefined;
  readonly next: string | undefined;

  constructor(detail: ErrorDetail) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'HoldfastError';
    this.code = detail.code;
    this.source = detail.source;
    this.retryable = detail.retryable ?? false;
    this.object = detail.object;
    this.reason = detail.reason;
    this.next = detail.next;
  }

  /** The storable form of this error. */
  toFailure(): Failure {
    return {
      code: this.code,
      source: this.source,
      message: this.message,
      retryable: this.retryable,
      ...(this.object === undefined ? {} : { object: this.object }),
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.next === undefined ? {} : { next: this.next }),
    };
  }
}

/** Any thrown value as a Failure; what is not ours is an `Internal` failure of the system. */
export function asFailure(error: unknown): Failure {
  if (error instanceof HoldfastError) return error.toFailure();
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'Internal', source: 'system', message, retryable: true };
}
