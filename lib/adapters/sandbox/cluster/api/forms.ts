// In which form objects go out: whole, as metadata only, or as a table for people.
import { apiVersionOf } from '../kinds/resource.ts';
import type { Stored } from '../store/objects.ts';
import type { ResourcePath } from './resource-path.ts';
import { tableOf } from './table.ts';

/** What the client accepts first. */
export type Form = 'object' | 'metadata' | 'table';

/** Reads the Accept header. */
export function formOf(accept: string): Form {
  const [first = ''] = accept.split(',');
  if (/;as=Table(;|$)/.test(first)) return 'table';
  return /;as=PartialObjectMetadata(List)?(;|$)/.test(first) ? 'metadata' : 'object';
}

/** What an answer needs besides the objects. */
export interface Answering {
  readonly form: Form;
  readonly metadata: object;
  /** Milliseconds, for ages in tables. */
  readonly now: number;
}

/** The text of one object under the version that was asked for. */
export function objectText(path: ResourcePath, stored: Stored, { form, now }: Omit<Answering, 'metadata'>): string {
  const { resource } = path;
  const apiVersion = apiVersionOf(resource);
  const version = { resourceVersion: String(stored.version) };
  if (form === 'table') return JSON.stringify(tableOf(resource, [stored.object], version, now));
  if (form === 'metadata') return JSON.stringify(partial(stored));
  return stored.object['apiVersion'] === apiVersion
    ? stored.text
    : JSON.stringify({ kind: resource.kind, ...stored.object, apiVersion });
}

function partial({ object }: Stored): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object['metadata'] };
}

/** The text of a list. */
export function listText(path: ResourcePath, answering: Answering, items: readonly Stored[]): string {
  const { resource } = path;
  const { form, metadata, now } = answering;
  if (form === 'table') {
    const objects = items.map(({ object }) => object);
    return JSON.stringify(tableOf(resource, objects, metadata, now));
  }
  if (form === 'metadata') {
    const list = { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata };
    return JSON.stringify({ ...list, items: items.map(partial) });
  }
  // Items of built-in kinds carry neither kind nor apiVersion: a real server leaves them out, and clients have to live with it.
  const skipped = resource.definition === undefined ? typeText(path).length : 0;
  const itemText = (stored: Stored): string => {
    const text = objectText(path, stored, answering);
    return skipped === 0 ? text : `{${text.slice(skipped)}`;
  };
  const head = JSON.stringify({ kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata });
  return `${head.slice(0, -1)},"items":[${items.map(itemText).join(',')}]}`;
}

/** How the text of every object of a kind begins. */
function typeText({ resource }: ResourcePath): string {
  return `${JSON.stringify({ kind: resource.kind, apiVersion: apiVersionOf(resource) }).slice(0, -1)},`;
}
