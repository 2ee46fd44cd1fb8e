// Reads what the API server says when it refuses, and names it: one answer in, one KubeApiError out.
import { isObject, type JsonObject } from '../../core/json.ts';
import {
  type FieldConflict,
  KubeApiError,
  type KubeErrorCode,
  type KubeErrorDetail,
  type StatusCause,
} from './errors.ts';

import { text } from './json-read.ts';

/** What a request was about, for messages and for telling one 404 from another. */
export interface RequestSubject {
  /** `apply`, `get`, ... */
  readonly verb: string;
  /** What people read, e.g. `Deployment/prod/web`, `deployments of group apps`. */
  readonly object: string;
  /** Resource name in URLs, e.g. `deployments`; '' when it is about none. */
  readonly plural: string;
  /** The name that was asked for; absent for lists. */
  readonly name?: string;
  /** The object may hold secret values: nothing the server quotes may be repeated. */
  readonly secret: boolean;
}

/** The parts of an answer that matter here. */
export interface RefusedReply {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

interface Status {
  readonly reason: string;
  readonly message: string;
  readonly detailsName: string;
  readonly detailsKind: string;
  readonly causes: readonly StatusCause[];
}

/** The error for an answer outside 2xx. */
export function refusal(subject: RequestSubject, reply: RefusedReply): KubeApiError {
  const status = readStatus(reply);
  const rule = classify(reply.status, status, subject);
  const said = subject.secret ? withoutValues(status) : status.message;
  const conflicts = rule.code === 'Conflict' ? status.causes.map(fieldConflict) : [];
  const detail: KubeErrorDetail = {
    code: rule.code,
    source: rule.source ?? 'remote',
    status: reply.status,
    retryable: rule.retryable ?? false,
    message: `${subject.object}: ${rule.text}`,
    object: subject.object,
    reason: said,
    causes: subject.secret ? status.causes.map((cause) => ({ ...cause, message: '***' })) : status.causes,
    conflicts,
    ...(rule.next === undefined ? {} : { next: rule.next }),
    ...retryAfter(reply.retryAfter),
  };
  return new KubeApiError(detail);
}

function retryAfter(header: string | undefined): { retryAfterMs?: number } {
  const seconds = Number(header);
  return header === undefined || !Number.isFinite(seconds) || seconds < 0 ? {} : { retryAfterMs: seconds * 1000 };
}

function readStatus(reply: RefusedReply): Status {
  let body: unknown;
  // 404 of an unknown group, 429 and 503 are plain text.
  if (reply.contentType.startsWith('application/json')) {
    try {
      body = JSON.parse(reply.body);
    } catch {
      body = undefined;
    }
  }
  if (!isObject(body)) {
    return { reason: '', message: reply.body.trim().slice(0, 500), detailsName: '', detailsKind: '', causes: [] };
  }
  const details = isObject(body.details) ? body.details : {};
  return {
    reason: text(body.reason),
    message: text(body.message),
    detailsName: text(details.name),
    detailsKind: text(details.kind),
    causes: Array.isArray(details.causes) ? details.causes.filter(isObject).map(readCause) : [],
  };
}

function readCause(cause: JsonObject): StatusCause {
  return { reason: text(cause.reason), message: text(cause.message), field: text(cause.field) };
}

/** `conflict with "m1"`, `conflict with "m1" using apps/v1`, `... with subresource "scale" ...`. */
function fieldConflict(cause: StatusCause): FieldConflict {
  return { manager: /^conflict with "((?:[^"\\]|\\.)*)"/.exec(cause.message)?.[1] ?? '', field: cause.field };
}

/** What the server said about a Secret: only which fields and why, because the rest may quote values. */
function withoutValues(status: Status): string {
  if (status.causes.length > 0) return status.causes.map(({ field, reason }) => `${field}: ${reason}`).join(', ');
  return status.reason === '' ? 'not shown, because it may quote secret values' : status.reason;
}

interface Rule {
  readonly code: KubeErrorCode;
  readonly text: string;
  readonly source?: 'user' | 'remote';
  readonly retryable?: boolean;
  readonly next?: string;
}

function classify(http: number, status: Status, subject: RequestSubject): Rule {
  const admission = admissionRule(http, status);
  if (admission !== undefined) return admission;
  switch (http) {
    case 400:
      return badRequest(status);
    case 401:
      return {
        code: 'Unauthorized',
        text: 'the cluster does not accept the credentials (401)',
        source: 'user',
        next: 'kubectl auth whoami, with the same kubeconfig and context',
      };
    case 403:
      return forbidden(status);
    case 404:
      return notFound(status, subject);
    case 409:
      return conflict(status);
    case 410:
      return { code: 'Expired', text: 'the list or watch is too old to go on (410)', retryable: true };
    case 422:
      return invalid(status);
    case 429:
      return { code: 'TooManyRequests', text: 'the cluster has too many requests (429)', retryable: true };
    default:
      return otherRule(http, status);
  }
}

function admissionRule(http: number, status: Status): Rule | undefined {
  if (http < 400) return undefined;
  if (/^failed calling webhook |: failed calling webhook /.test(status.message)) {
    return { code: 'WebhookDown', text: 'an admission webhook did not answer', retryable: true };
  }
  if (
    /^admission webhook ".*" denied the request|ValidatingAdmissionPolicy '.*' with binding '.*' denied/.test(
      status.message,
    )
  ) {
    return {
      code: 'AdmissionDenied',
      text: 'an admission webhook or policy of the cluster refused it',
      source: 'user',
    };
  }
  return undefined;
}

function badRequest(status: Status): Rule {
  if (/strict decoding|unknown field|unable to decode|cannot unmarshal/i.test(status.message)) {
    return {
      code: 'SchemaMistake',
      text: 'the object has a field that its kind does not have, or of a wrong type',
      source: 'user',
    };
  }
  return { code: 'BadRequest', text: 'the cluster cannot use the request (400)', source: 'user' };
}

function forbidden(status: Status): Rule {
  if (status.causes.some((cause) => cause.reason === 'NamespaceTerminating')) {
    return { code: 'NamespaceTerminating', text: 'its namespace is being deleted', retryable: true };
  }
  if (/exceeded quota:/.test(status.message)) {
    return {
      code: 'QuotaExceeded',
      text: 'a resource quota of its namespace is used up',
      source: 'user',
      retryable: true,
    };
  }
  if (/violates PodSecurity/.test(status.message)) {
    return { code: 'AdmissionDenied', text: 'the Pod security level of its namespace refuses it', source: 'user' };
  }
  return { code: 'Forbidden', text: 'the cluster does not allow this identity to do that (403)', source: 'user' };
}

function notFound(status: Status, subject: RequestSubject): Rule {
  if (status.detailsKind === 'namespaces' && subject.plural !== 'namespaces') {
    return {
      code: 'NamespaceMissing',
      text: 'its namespace does not exist',
      source: 'user',
      next: 'Add the Namespace to the application, or make it with kubectl create namespace',
    };
  }
  // Only an answer that names the object proves that it is not there.
  const named = status.detailsKind === subject.plural && status.detailsName === subject.name;
  if (status.reason === 'NotFound' && subject.name !== undefined && named) {
    return { code: 'NotFound', text: 'there is no such object' };
  }
  return { code: 'UnknownResource', text: 'the cluster does not serve this kind (now)', retryable: true };
}

function conflict(status: Status): Rule {
  if (status.causes.some((cause) => cause.reason === 'FieldManagerConflict')) {
    return { code: 'Conflict', text: 'others own fields of it', source: 'user' };
  }
  if (status.reason === 'AlreadyExists') return { code: 'AlreadyExists', text: 'it exists already' };
  return { code: 'Stale', text: 'it is not the object that was looked at', retryable: true };
}

function invalid(status: Status): Rule {
  const { causes, message } = status;
  // The server says "immutable" for a uid that is not the live one.
  if (causes.some((cause) => cause.field === 'metadata.uid')) {
    return { code: 'Stale', text: 'it is not the object that was looked at', retryable: true };
  }
  const immutable = /field is immutable|updates to .* are forbidden|may not be changed|cannot be changed/i;
  if (causes.some((cause) => immutable.test(cause.message)) || (causes.length === 0 && immutable.test(message))) {
    return { code: 'Immutable', text: 'a field of it cannot change while it exists', source: 'user' };
  }
  return { code: 'Invalid', text: 'the cluster refuses it as invalid', source: 'user' };
}

function otherRule(http: number, status: Status): Rule {
  if (isSchemaMistake(http, status.message)) {
    return {
      code: 'SchemaMistake',
      text: 'the object has a field that its kind does not have, or of a wrong type',
      source: 'user',
    };
  }
  if (http === 504 || status.reason === 'Timeout' || status.reason === 'ServerTimeout') {
    return { code: 'ClusterTimeout', text: `the cluster did not finish in time (${http})`, retryable: true };
  }
  if (http >= 500) return { code: 'ClusterFault', text: `the cluster failed (${http})`, retryable: true };
  return { code: 'UnexpectedAnswer', text: `an answer that a Kubernetes API does not give (${http})` };
}

/** The server answers 500 to a mistake in the manifest (unknown field, wrong type, no quantity); it is not a fault of the server. */
function isSchemaMistake(http: number, message: string): boolean {
  if (http !== 500) return false;
  return (
    message.startsWith('failed to create typed patch object') ||
    // A failing conversion webhook begins with the same words, but is a fault.
    (message.startsWith('failed to convert new object') && message.includes('unable to convert unstructured object'))
  );
}
