// What differs from resource to resource on the way of a write: which part a writer may change, when the generation counts up, what a delete answers.
import type { JsonObject } from '../../../../core/json.ts';
import { mapAt, sameJson } from '../json.ts';
import { fieldElement } from '../fields/element.ts';
import { FieldSet } from '../fields/field-set.ts';
import { qualifiedName, type Resource } from './resource.ts';

const STATUS_ONLY = FieldSet.of([fieldElement('status')]);
const SPEC_ONLY = FieldSet.of([fieldElement('spec')]);
/** Of a custom resource, its status writers get nothing else. */
const ALL_BUT_STATUS = FieldSet.of([fieldElement('spec')], [fieldElement('metadata')]);
const NOTHING = new FieldSet();

/** Kinds whose generation counts changes; the others have none. */
const COUNTED = new Set([
  'cronjobs.batch',
  'customresourcedefinitions.apiextensions.k8s.io',
  'daemonsets.apps',
  'deployments.apps',
  'endpointslices.discovery.k8s.io',
  'ingressclasses.networking.k8s.io',
  'ingresses.networking.k8s.io',
  'jobs.batch',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'networkpolicies.networking.k8s.io',
  'poddisruptionbudgets.policy',
  'pods',
  'priorityclasses.scheduling.k8s.io',
  'replicasets.apps',
  'replicationcontrollers',
  'statefulsets.apps',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
]);

/** Kinds that answer a delete with the object instead of a Status. */
const RETURNS_DELETED = new Set([
  'namespaces',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'resourcequotas',
  'serviceaccounts',
  'services',
  'storageclasses.storage.k8s.io',
]);

/** Kinds whose PUT must name the version it replaces. */
const NEEDS_VERSION = new Set([
  'leases.coordination.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'poddisruptionbudgets.policy',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
]);

export function returnsDeleted(resource: Resource): boolean {
  return RETURNS_DELETED.has(qualifiedName(resource));
}

export function needsVersion(resource: Resource): boolean {
  return (
    resource.definition !== undefined ||
    NEEDS_VERSION.has(qualifiedName(resource)) ||
    resource.resource === 'customresourcedefinitions'
  );
}

/** Whether writers of the object cannot write its status. */
export function hasStatus(resource: Resource): boolean {
  return (resource.subresources ?? []).includes('status');
}

/** The fields that a writer of the object, or of a subresource, cannot own. */
export function excludedFields(resource: Resource, subresource: string): FieldSet {
  if (!hasStatus(resource)) return NOTHING;
  if (subresource !== 'status') return STATUS_ONLY;
  return resource.definition === undefined ? SPEC_ONLY : ALL_BUT_STATUS;
}

/**
 * The object with what the writer may not change put back: the status for a writer of the object, all but status and metadata for a writer of
 * the status.
 */
export function resetForeignParts(
  resource: Resource,
  subresource: string,
  before: JsonObject,
  after: JsonObject,
): JsonObject {
  if (!hasStatus(resource)) return after;
  if (subresource !== 'status') return withStatus(after, before['status']);
  return { ...withStatus(before, after['status']), metadata: statusMetadata(resource, before, after) };
}

/** What of the metadata a writer of the status may change. */
function statusMetadata(resource: Resource, before: JsonObject, after: JsonObject): JsonObject {
  const metadata = mapAt(after, 'metadata');
  const { managedFields, resourceVersion } = metadata;
  if (resource.definition !== undefined) return { ...mapAt(before, 'metadata'), managedFields, resourceVersion };
  return qualifiedName(resource) === 'deployments.apps'
    ? { ...metadata, labels: mapAt(before, 'metadata')['labels'] }
    : metadata;
}

function withStatus(object: JsonObject, status: JsonObject[string]): JsonObject {
  if (status !== undefined) return object['status'] === status ? object : { ...object, status };
  const { status: _gone, ...rest } = object;
  return rest;
}

/** Whether a kind has a generation at all. */
export function isCounted(resource: Resource): boolean {
  return resource.definition !== undefined || COUNTED.has(qualifiedName(resource));
}

/** Whether a change counts: of the spec, for a Deployment of its annotations too, for kinds without a spec of anything but metadata and status. */
export function changesGeneration(resource: Resource, before: JsonObject, after: JsonObject): boolean {
  if (!isCounted(resource)) return false;
  if (before['spec'] !== undefined && resource.definition === undefined) {
    if (!sameJson(before['spec'], after['spec'])) return true;
    const isDeployment = qualifiedName(resource) === 'deployments.apps';
    return isDeployment && !sameJson(mapAt(before, 'metadata', 'annotations'), mapAt(after, 'metadata', 'annotations'));
  }
  return !sameJson(content(before), content(after));
}

function content({ metadata: _metadata, status: _status, apiVersion: _version, ...rest }: JsonObject): JsonObject {
  return rest;
}
