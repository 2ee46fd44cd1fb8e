// Requests as a Function URL hands them over.
import { isObject } from '../../core/json.ts';
import { malformed } from './records.ts';

/** As much of the event as is looked at here; the routes read the rest. */
export interface UrlEvent {
  readonly version: string;
  readonly rawPath: string;
  readonly requestContext: { readonly http: { readonly method: string; readonly sourceIp?: string } };
}

export interface UrlAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Reads a request. Throws `EventMalformed`. */
export function readUrlEvent(event: unknown): UrlEvent {
  const context = isObject(event) ? event['requestContext'] : undefined;
  const http = isObject(context) ? context['http'] : undefined;
  if (isObject(event) && typeof event['rawPath'] === 'string' && isObject(http) && typeof http['method'] === 'string')
    return event as unknown as UrlEvent;
  throw malformed('it is not a request of a Function URL');
}
