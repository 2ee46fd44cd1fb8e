// Every refusal as JSON with a stable code, a sentence, and what to do next.
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { HoldfastError } from '../core/errors.ts';
import type { ErrorDocument } from './views.ts';

/** A refusal that a route decided on. */
export class Refusal extends HoldfastError {
  readonly status: ContentfulStatusCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ContentfulStatusCode,
    problem: { readonly code: string; readonly message: string; readonly hint?: string },
    headers: Readonly<Record<string, string>> = {},
  ) {
    const { code, message, hint } = problem;
    super({ code, message, source: 'user', ...(hint === undefined ? {} : { next: hint }) });
    this.status = status;
    this.headers = headers;
  }
}

/** The answer to anything that a route threw. What is not ours is not shown: it may hold anything. */
export function answerError(c: Context, error: unknown): Response {
  const { status, headers, document } = describe(error);
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  return c.json(document, status);
}

function describe(error: unknown): {
  readonly status: ContentfulStatusCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly document: ErrorDocument;
} {
  if (!(error instanceof HoldfastError)) {
    const document = { code: 'Internal', message: 'Something went wrong here; the log says what' };
    return { status: 500, headers: {}, document };
  }
  const { code, message, next } = error;
  const document = { code, message, ...(next === undefined ? {} : { hint: next }) };
  if (error instanceof Refusal) return { status: error.status, headers: error.headers, document };
  if (error.retryable) return { status: 503, headers: { 'retry-after': '5' }, document };
  return { status: error.source === 'user' ? 400 : 500, headers: {}, document };
}
