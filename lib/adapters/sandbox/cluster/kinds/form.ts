// How objects of a resource are kept: built-in ones as Go writes them, custom ones as their schema says.
import type { JsonObject } from '../../../../core/json.ts';
import { schemaOf, typeOf } from './catalog.ts';
import { customForm } from './custom-schema.ts';
import { schemaProblems } from './custom-validation.ts';
import { normalizeObject, zeroObject } from './normalize.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import type { Cause } from '../api/status.ts';
import { validationProblems } from './validation.ts';

/** The stored form of an object. Throws `DecodeProblem` for a value that Go cannot read. */
export function storedForm(resource: Resource, object: JsonObject): JsonObject {
  const type = typeOf(resource);
  return resource.definition === undefined ? normalizeObject(type, object) : customForm(type, object);
}

/** What is there before anything is said: the object that a created one is compared with. */
export function zeroForm(resource: Resource): JsonObject {
  const zero = resource.definition === undefined ? zeroObject(typeOf(resource)) : {};
  return { ...zero, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

/** The status that a new object begins with, with everything else at its default. */
export function emptyForm(resource: Resource): JsonObject {
  return resource.definition === undefined ? normalizeObject(typeOf(resource), {}) : {};
}

/** Everything that is wrong with an object on its own. */
export function problemsOf(resource: Resource, object: JsonObject): Cause[] {
  const schema = schemaOf(resource);
  return [...validationProblems(resource, object), ...(schema === undefined ? [] : schemaProblems(schema, object))];
}
