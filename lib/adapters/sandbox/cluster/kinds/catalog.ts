// Everything that is served: the built-in resources, and those of the CustomResourceDefinitions that are established.
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../../core/json.ts';
import { at, isMap, listAt, mapAt, textAt } from '../json.ts';
import { DEDUCED, type TypeNode } from '../fields/types.ts';
import { customType } from './custom-schema.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { BUILT_IN_RESOURCES, builtInType } from './schema.ts';

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

/** The resources that can be asked for now. */
export class Catalog {
  #resources: readonly Resource[] = BUILT_IN_RESOURCES;
  #byPath = new Map<string, Resource>();
  #groups = new Set<string>();
  #digest = '';

  constructor() {
    this.#index();
  }

  get resources(): readonly Resource[] {
    return this.#resources;
  }

  /** Changes whenever what is served changes; the ETag of discovery. */
  get digest(): string {
    return this.#digest;
  }

  find(group: string, version: string, name: string): Resource | undefined {
    return this.#byPath.get(`${group}/${version}/${name}`);
  }

  /** A served resource of a kind, for controllers and references. */
  findKind(apiVersion: string, kind: string): Resource | undefined {
    return this.#resources.find((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion);
  }

  hasGroup(group: string): boolean {
    return this.#groups.has(group);
  }

  /** Replaces the custom resources by what these definitions declare. */
  setDefinitions(definitions: readonly JsonObject[]): void {
    this.#resources = [...BUILT_IN_RESOURCES, ...definitions.flatMap(customResources)];
    this.#index();
  }

  #index(): void {
    this.#byPath = new Map();
    this.#groups = new Set();
    for (const resource of this.#resources) {
      this.#groups.add(resource.group);
      this.#byPath.set(`${resource.group}/${resource.version}/${resource.resource}`, resource);
    }
    this.#digest = createHash('sha256').update(JSON.stringify(this.#resources)).digest('hex').toUpperCase();
  }
}

/** The type of a resource's objects. */
export function typeOf(resource: Resource): TypeNode {
  if (resource.definition === undefined) return builtInType(apiVersionOf(resource), resource.kind) ?? DEDUCED;
  return customType(schemaOf(resource) ?? {});
}

/** The schema of a custom resource. */
export function schemaOf(resource: Resource): JsonObject | undefined {
  return schemas.get(resource);
}

const schemas = new WeakMap<Resource, JsonObject>();

/** Whether a definition is accepted and served. */
export function isEstablished(definition: JsonObject): boolean {
  return listAt(definition, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'Established' && textAt(condition, 'status') === 'True',
  );
}

/** The storage version comes first: it is the one whose name the stored objects carry. */
function customResources(definition: JsonObject): Resource[] {
  const spec = mapAt(definition, 'spec');
  const names = mapAt(spec, 'names');
  const texts = (name: string) => listAt(names, name).filter((value) => typeof value === 'string');
  return listAt(spec, 'versions').flatMap((version): Resource[] => {
    if (!isMap(version) || version['served'] !== true) return [];
    const subresources = ['status', 'scale'].filter((name) => isMap(at(version, 'subresources', name)));
    const shortNames = texts('shortNames');
    const categories = texts('categories');
    const resource: Resource = {
      group: textAt(spec, 'group') ?? '',
      version: textAt(version, 'name') ?? '',
      resource: textAt(names, 'plural') ?? '',
      kind: textAt(names, 'kind') ?? '',
      singular: textAt(names, 'singular') ?? '',
      namespaced: textAt(spec, 'scope') === 'Namespaced',
      verbs: VERBS,
      definition: textAt(definition, 'metadata', 'name') ?? '',
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories.length === 0 ? {} : { categories }),
      ...(subresources.length === 0 ? {} : { subresources }),
    };
    schemas.set(resource, mapAt(version, 'schema', 'openAPIV3Schema'));
    return [resource];
  });
}
