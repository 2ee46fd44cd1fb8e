// Refusals in the server's own words: the Status bodies that clients match on.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { textAt } from '../json.ts';
import { HoldfastError } from '../../../../core/errors.ts';
import type { Conflict, Manager } from '../fields/managed.ts';
import { pathText } from '../fields/field-set.ts';
import { qualifiedName, type Resource } from '../kinds/resource.ts';

/** One of the reasons in a 422 or 409. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** A refusal that becomes the answer of a request. */
export class Refusal extends HoldfastError {
  readonly status: number;
  /** A Status object, or the plain text that the server sends where it has no Status. */
  readonly body: JsonObject | string;

  constructor(status: number, body: JsonObject | string) {
    const message = typeof body === 'string' ? body : (textAt(body, 'message') ?? '');
    super({ code: 'SandboxClusterRefusal', source: 'user', message });
    this.status = status;
    this.body = body;
  }
}

interface StatusParts {
  readonly code: number;
  readonly message: string;
  readonly reason?: string;
  readonly details?: JsonObject;
}

function refusal({ code, message, reason, details }: StatusParts): Refusal {
  return new Refusal(code, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  });
}

/** What a refusal is about: the resource and the object's name. */
export interface Subject {
  readonly resource: Pick<Resource, 'group' | 'resource' | 'kind'>;
  readonly name: string;
}

function detailsOf({ resource, name }: Subject, kind: string = resource.resource): Record<string, Json> {
  return { ...(name === '' ? {} : { name }), ...(resource.group === '' ? {} : { group: resource.group }), kind };
}

export function badRequest(message: string): Refusal {
  return refusal({ code: 400, message, reason: 'BadRequest' });
}

export function unauthorized(): Refusal {
  return refusal({ code: 401, message: 'Unauthorized', reason: 'Unauthorized' });
}

export function forbidden(subject: Subject, why: string, causes?: readonly Cause[]): Refusal {
  const message = `${qualifiedName(subject.resource)} "${subject.name}" is forbidden: ${why}`;
  const details = {
    ...detailsOf(subject),
    ...(causes === undefined ? {} : { causes: causes.map((cause) => ({ ...cause })) }),
  };
  return refusal({ code: 403, message, reason: 'Forbidden', details });
}

export function notFound(subject: Subject): Refusal {
  const message = `${qualifiedName(subject.resource)} "${subject.name}" not found`;
  return refusal({ code: 404, message, reason: 'NotFound', details: detailsOf(subject) });
}

/** A resource that a known group does not have. */
export function unknownResource(): Refusal {
  const message = 'the server could not find the requested resource';
  return refusal({ code: 404, message, reason: 'NotFound', details: {} });
}

/** A path outside every group: the server answers plain text there. */
export function unknownPath(): Refusal {
  return new Refusal(404, '404 page not found\n');
}

export function methodNotAllowed(): Refusal {
  const message = 'the server does not allow this method on the requested resource';
  return refusal({ code: 405, message, reason: 'MethodNotAllowed', details: {} });
}

export function alreadyExists(subject: Subject): Refusal {
  const message = `${qualifiedName(subject.resource)} "${subject.name}" already exists`;
  return refusal({ code: 409, message, reason: 'AlreadyExists', details: detailsOf(subject) });
}

export function conflict(subject: Subject, why: string): Refusal {
  const message = `Operation cannot be fulfilled on ${qualifiedName(subject.resource)} "${subject.name}": ${why}`;
  return refusal({ code: 409, message, reason: 'Conflict', details: detailsOf(subject) });
}

/** A delete whose preconditions do not hold. The server names the kind here, not the resource. */
export function failedPrecondition({ resource, name }: Subject, why: string): Refusal {
  const kind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  const message = `Operation cannot be fulfilled on ${kind} "${name}": ${why}`;
  return refusal({ code: 409, message, reason: 'Conflict', details: detailsOf({ resource, name }, resource.kind) });
}

/** The object is newer than the resourceVersion that the request names. */
export function staleVersion(subject: Subject): Refusal {
  return conflict(
    subject,
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

/** Fields that other managers have. */
export function applyConflict(conflicts: readonly Conflict[]): Refusal {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${managerText(manager)}`,
    field: pathText(path),
  }));
  return refusal({ code: 409, message: conflictText(conflicts), reason: 'Conflict', details: { causes } });
}

function conflictText(conflicts: readonly Conflict[]): string {
  const [only, ...more] = conflicts;
  if (only !== undefined && more.length === 0) {
    return `Apply failed with 1 conflict: conflict with ${managerText(only.manager)}: ${pathText(only.path)}`;
  }
  const lines = [...new Set(conflicts.map(({ manager }) => manager))].flatMap((manager) => [
    `conflicts with ${managerText(manager)}:`,
    ...conflicts.filter((one) => one.manager === manager).map(({ path }) => `- ${pathText(path)}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function managerText({ manager, operation, apiVersion, subresource }: Manager): string {
  const through = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(manager)}${through}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}

/** A list or watch that goes back further than is remembered. */
export function expired(message: string): Refusal {
  return refusal({ code: 410, message, reason: 'Expired' });
}

export function unsupportedMediaType(): Refusal {
  const message = '415: Unsupported Media Type';
  return refusal({ code: 415, message, reason: 'UnsupportedMediaType', details: {} });
}

/** Custom resources have no strategic merge patch. */
export function noStrategicPatch(): Refusal {
  const accepted = 'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml';
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
  return refusal({ code: 415, message, reason: 'UnsupportedMediaType' });
}

/** Validation: every cause is `field: Message`. */
export function invalid(subject: Subject, causes: readonly Cause[]): Refusal {
  const { resource, name } = subject;
  const lines = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))];
  const list = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const kind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  return refusal({
    code: 422,
    message: `${kind} "${name}" is invalid: ${list}`,
    reason: 'Invalid',
    details: { ...detailsOf(subject, resource.kind), causes: causes.map((cause) => ({ ...cause })) },
  });
}

/** A JSON patch that does not apply: the server says no more. */
export function unprocessable(): Refusal {
  const message = 'the server rejected our request due to an error in our request';
  return refusal({ code: 422, message, reason: 'Invalid', details: {} });
}

/** What the server did not expect to fail: it has no reason, only a message. A schema mistake in an applied object is one of these. */
export function internal(message: string): Refusal {
  return refusal({ code: 500, message });
}

/** The answer to a delete that left nothing behind. */
export function deleted(subject: Subject, uid: string): JsonObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { ...detailsOf(subject), uid } };
}
