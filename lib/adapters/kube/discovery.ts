// What a cluster serves: aggregated discovery in two requests, and the older one by group for servers that do not aggregate.
import { groupOf } from '../../core/kubernetes/object.ts';
import type { ApiDirectory, ApiResource, ResourceLookup } from './types.ts';

/** One discovery answer: the status, the parsed body (absent for 304 and for bodies that are not JSON) and its ETag. */
export interface DiscoveryAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly etag: string | undefined;
}

/** GET of a discovery path; a 404 is an answer here, other refusals throw. */
export type DiscoveryGet = (path: string, etag: string | undefined, accept: string) => Promise<DiscoveryAnswer>;
