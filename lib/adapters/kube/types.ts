// What the Kubernetes client takes and gives: resources, references, options and answers.
import type { JsonObject } from '../../core/json.ts';
import type { KubeObject } from '../../core/kubernetes/object.ts';

/** One kind as one API version serves it, from discovery. */
export interface ApiResource {
  /** API group, '' for core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Name in URLs, e.g. `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** What the server offers: `get`, `list`, `watch`, `create`, `patch`, `delete`, ... */
  readonly verbs: readonly string[];
  /** Whether it has a `status` of its own; undefined when it is not known. */
  readonly hasStatus?: boolean;
}

/** One object to read or write. `namespace` is '' for cluster-scoped kinds. */
export interface ObjectRef {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string;
}

/** How long a call may take, and how it is stopped. */
export interface CallOptions {
  /** Aborting ends the call with `Aborted`; what was sent may still have had its effect. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call, retries and waiting included. Default 30,000. */
  readonly timeoutMs?: number;
}

export interface ApplyOptions extends CallOptions {
  /** Field manager, at most 128 characters. */
  readonly manager: string;
  /** Take fields that other managers own. Default false. */
  readonly force?: boolean;
  /** Ask the server what would happen; nothing is written. Default false. */
  readonly dryRun?: boolean;
  /** Write only when the live object still has it; `neverMatches` writes only when there is no such object. */
  readonly resourceVersion?: string;
  /** Write only when it is still this very object; a missing object is then not created. */
  readonly uid?: string;
  /** Unknown and duplicate fields: refuse, answer with a warning, or ignore. Default `Strict`. */
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
}

/** A resourceVersion that no live object has: an apply with it creates the object, or is refused as `Stale` when there is one. */
export const neverMatches = '1';

export interface ApplyResult {
  /** The object as it is (or, dry run, would be) after the write, with `managedFields`. */
  readonly object: KubeObject;
  readonly created: boolean;
  /** What the server warns about, e.g. a deprecated API version. */
  readonly warnings: readonly string[];
}

export interface CreateOptions extends CallOptions {
  readonly manager: string;
  readonly dryRun?: boolean;
}

export interface PatchOptions extends CallOptions {
  readonly manager: string;
  readonly dryRun?: boolean;
  /** `status`, `scale` and the like; the object itself when absent. */
  readonly subresource?: string;
}

/** `merge` is RFC 7396, `json` is RFC 6902, `strategic` is Kubernetes' own (built-in kinds only). */
export type PatchKind = 'merge' | 'json' | 'strategic';

/** The time limit is for each page. */
export interface ListOptions extends CallOptions {
  /** '' or absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only `metadata` is sent; items have no `spec`. Default false. */
  readonly metadataOnly?: boolean;
  /** Objects per page. Default 500. */
  readonly pageSize?: number;
}

export interface ListPage {
  readonly items: readonly KubeObject[];
  /** Of the whole list: where a watch may begin. */
  readonly resourceVersion: string;
}

export interface DeleteOptions extends CallOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** What happens to dependents. Default `Background`. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  readonly dryRun?: boolean;
}

/** `deleted`: gone at once. `deleting`: accepted, finalizers or a grace period hold it. `absent`: there was no such object. */
export type DeleteResult = 'deleted' | 'deleting' | 'absent';

export interface WatchOptions {
  readonly signal?: AbortSignal;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Begin after this version; from a list. Absent: what exists comes first, as ADDED. */
  readonly resourceVersion?: string;
  /** The server ends the watch after this many seconds. Default 300. */
  readonly timeoutSeconds?: number;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubeObject;
}

/** What one rule of a namespace allows; `*` means all. */
export interface AccessRule {
  readonly verbs: readonly string[];
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  /** Empty: every name. */
  readonly names: readonly string[];
}

export interface AccessRules {
  readonly rules: readonly AccessRule[];
  /** The server could not list everything (a webhook authorizer, for example): a missing rule proves nothing. */
  readonly incomplete: boolean;
}

export interface ServerVersion {
  /** e.g. `v1.36.3`. */
  readonly gitVersion: string;
  readonly major: string;
  readonly minor: string;
}

/** What requests are counted under, for the cost of a run. */
export type RequestVerb =
  | 'get'
  | 'list'
  | 'apply'
  | 'dry-run'
  | 'create'
  | 'patch'
  | 'delete'
  | 'watch'
  | 'discovery'
  | 'rules';

/** HTTP requests sent, retries included. A verb that was not used is absent. */
export type RequestCounts = Readonly<Partial<Record<RequestVerb, number>>>;

/** The client: one cluster, one identity. Every call throws `KubeApiError` for what the server or the way to it refuses. */
export interface KubeClient {
  /** Base URL of the API server. */
  readonly server: string;
  /** Server-side apply. */
  apply(resource: ApiResource, object: KubeObject, options: ApplyOptions): Promise<ApplyResult>;
  create(resource: ApiResource, object: KubeObject, options: CreateOptions): Promise<KubeObject>;
  patch(
    ref: ObjectRef,
    kind: PatchKind,
    body: JsonObject | readonly JsonObject[],
    options: PatchOptions,
  ): Promise<KubeObject>;
  /** The object, or undefined when the server says that there is none of this name. */
  get(ref: ObjectRef, options?: CallOptions): Promise<KubeObject | undefined>;
  /** Pages as they come. An `Expired` error means: begin again. */
  list(resource: ApiResource, options?: ListOptions): AsyncGenerator<ListPage, void>;
  delete(ref: ObjectRef, options?: DeleteOptions): Promise<DeleteResult>;
  /** Events until the server ends the watch; an `Expired` error means: list again. */
  watch(resource: ApiResource, options?: WatchOptions): AsyncGenerator<WatchEvent, void>;
  /** What this identity may do in a namespace. */
  selfSubjectRules(namespace: string, options?: CallOptions): Promise<AccessRules>;
  /** What the server serves; a previous answer makes it two requests without bodies when nothing changed. */
  discover(previous?: ApiDirectory, options?: CallOptions): Promise<ApiDirectory>;
  version(options?: CallOptions): Promise<ServerVersion>;
  /** Requests sent since the client was made. */
  counts(): RequestCounts;
  /** Closes idle connections; calls after it fail. */
  close(): void;
}

/** What a cluster serves. Plain JSON: it can be stored and given back to `discover`. */
export interface ApiDirectory {
  readonly v: 1;
  readonly resources: readonly ApiResource[];
  /** `group/version` (`v1` for core) in the order the server prefers; also what Helm's `--api-versions` wants. */
  readonly versions: readonly string[];
  /** `group/version` whose own server did not answer: what they serve is unknown, not gone. */
  readonly stale: readonly string[];
  /** ETags of the answers, by path; empty when the server sends none. */
  readonly etags: Readonly<Record<string, string>>;
}

/** Looking up a kind: `unknown` means that the server could not tell, and must never be read as `missing`. */
export type ResourceLookup =
  | { readonly state: 'found'; readonly resource: ApiResource }
  | { readonly state: 'missing' }
  | { readonly state: 'unknown'; readonly reason: string };
