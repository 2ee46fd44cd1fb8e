// Reads accepted answers: JSON that is what a Kubernetes API sends, or `UnexpectedAnswer`.
import { isObject, type JsonObject } from '../../core/json.ts';
import type { KubeObject } from '../../core/kubernetes/object.ts';
import { KubeApiError } from './errors.ts';
import { apiVersionOf } from './paths.ts';
import type { HttpReply } from './transport.ts';
import type { ApiResource, ObjectRef } from './types.ts';

/** The body of an answer; `about` is for the message. */
export function readJson(reply: HttpReply, about: string): JsonObject {
  const type = reply.headers['content-type'] ?? '';
  if (type.startsWith('application/json')) {
    try {
      const body: unknown = JSON.parse(reply.body);
      if (isObject(body)) return body;
    } catch {
      // Falls through to the one error.
    }
  }
  throw unexpected(about, reply.status, `content type '${type}'`);
}

/** The object of an answer. */
export function readObject(reply: HttpReply, { resource, name }: ObjectRef): KubeObject {
  const body = readJson(reply, `${resource.kind}/${name}`);
  if (!isKubeObject(body)) throw unexpected(`${resource.kind}/${name}`, reply.status, 'not an object with metadata');
  return body;
}

/** What a list was asked for. */
export interface ListAbout {
  readonly resource: ApiResource;
  readonly metadataOnly: boolean;
  /** For the message. */
  readonly about: string;
}

/** Items of a list. They come without apiVersion and kind, and as PartialObjectMetadata when only metadata was wanted. */
export function readItems(body: JsonObject, { resource, metadataOnly, about }: ListAbout): KubeObject[] {
  // An empty list of metadata comes with `"items": null`.
  if (body.items === null) return [];
  if (!Array.isArray(body.items)) throw unexpected(about, 200, 'not a list');
  const apiVersion = apiVersionOf(resource);
  const items: unknown[] = body.items;
  return items.map((item) => {
    if (!isObject(item) || !isObject(item.metadata)) throw unexpected(about, 200, 'a list item without metadata');
    // A server may not know how to leave the rest out.
    if (metadataOnly) return { apiVersion, kind: resource.kind, metadata: item.metadata };
    // Ours alone since it was parsed, so it is filled in place.
    return Object.assign(item, { apiVersion, kind: resource.kind }) as unknown as KubeObject;
  });
}

/** What the server warns about, from `Warning: 299 - "text"` headers. */
export function readWarnings(reply: HttpReply): string[] {
  const header = reply.headers.warning;
  if (header === undefined) return [];
  const texts = [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)];
  return texts.map((match) => (match[1] ?? '').replaceAll(/\\(.)/g, '$1'));
}

/** Whether a parsed value is an object of some kind. */
export function isKubeObject(value: unknown): value is KubeObject {
  return (
    isObject(value) &&
    typeof value.apiVersion === 'string' &&
    typeof value.kind === 'string' &&
    isObject(value.metadata)
  );
}

function unexpected(about: string, status: number, reason: string): KubeApiError {
  const message = `${about}: an answer that a Kubernetes API does not give`;
  return new KubeApiError({
    code: 'UnexpectedAnswer',
    source: 'remote',
    status,
    retryable: false,
    message,
    object: about,
    reason,
  });
}
