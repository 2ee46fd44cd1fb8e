// What a definition's schema demands of a value, in the server's words. Rules (CEL), formats and combinators are not evaluated.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isList, isMap, listAt, mapAt, numberAt, textAt } from '../json.ts';
import type { Cause } from '../api/status.ts';
import { required, wrong } from './validation.ts';

/** Everything that does not satisfy the schema. `path` is empty for the object itself. */
export function schemaProblems(schema: JsonObject, value: Json, path = ''): Cause[] {
  if (value === null) return schema['nullable'] === true ? [] : [typeProblem(schema, value, path)].filter(isCause);
  const mismatch = typeProblem(schema, value, path);
  if (mismatch !== undefined) return [mismatch];
  const problems = enumProblems(schema, value, path);
  if (typeof value === 'string') problems.push(...textProblems(schema, value, path));
  if (typeof value === 'number') problems.push(...numberProblems(schema, value, path));
  if (isList(value)) problems.push(...listProblems(schema, value, path));
  if (isMap(value)) problems.push(...objectProblems(schema, value, path));
  return problems;
}

function isCause(cause: Cause | undefined): cause is Cause {
  return cause !== undefined;
}

function typeProblem(schema: JsonObject, value: Json, path: string): Cause | undefined {
  const wanted = textAt(schema, 'type');
  if (wanted === undefined || fits(wanted, value)) return undefined;
  const found = kindOf(value);
  return {
    reason: 'FieldValueTypeInvalid',
    message: `Invalid value: ${JSON.stringify(found)}: ${path} in body must be of type ${wanted}: ${JSON.stringify(found)}`,
    field: path,
  };
}

function fits(wanted: string, value: Json): boolean {
  switch (wanted) {
    case 'object':
      return isMap(value);
    case 'array':
      return isList(value);
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    default:
      return typeof value === wanted;
  }
}

function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (isList(value)) return 'array';
  if (isMap(value)) return 'object';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function enumProblems(schema: JsonObject, value: Json, path: string): Cause[] {
  const allowed = schema['enum'];
  if (!isList(allowed) || allowed.includes(value)) return [];
  const supported = allowed.map((one) => JSON.stringify(one)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`;
  return [{ reason: 'FieldValueNotSupported', message, field: path }];
}

function textProblems(schema: JsonObject, value: string, path: string): Cause[] {
  const problems: Cause[] = [];
  const shortest = numberAt(schema, 'minLength');
  const longest = numberAt(schema, 'maxLength');
  const pattern = textAt(schema, 'pattern');
  if (
    textAt(schema, 'format') === 'date-time' &&
    !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(value)
  ) {
    const message = `Invalid value: ${JSON.stringify(value)}: ${path} in body must be of type date-time: ${JSON.stringify(value)}`;
    problems.push({ reason: 'FieldValueTypeInvalid', message, field: path });
  }
  if (longest !== undefined && value.length > longest) {
    problems.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${longest} bytes`,
      field: path,
    });
  }
  if (shortest !== undefined && value.length < shortest) {
    problems.push(wrong(path, value, `${path} in body should be at least ${shortest} chars long`));
  }
  if (pattern !== undefined && !new RegExp(pattern).test(value)) {
    problems.push(wrong(path, value, `${path} in body should match '${pattern}'`));
  }
  return problems;
}

function numberProblems(schema: JsonObject, value: number, path: string): Cause[] {
  const problems: Cause[] = [];
  const least = numberAt(schema, 'minimum');
  const most = numberAt(schema, 'maximum');
  const step = numberAt(schema, 'multipleOf');
  if (least !== undefined && value < least) {
    problems.push(wrong(path, value, `${path} in body should be greater than or equal to ${least}`));
  }
  if (most !== undefined && value > most) {
    problems.push(wrong(path, value, `${path} in body should be less than or equal to ${most}`));
  }
  if (step !== undefined && !Number.isInteger(value / step)) {
    problems.push(wrong(path, value, `${path} in body should be a multiple of ${step}`));
  }
  return problems;
}

function listProblems(schema: JsonObject, value: readonly Json[], path: string): Cause[] {
  const problems: Cause[] = [];
  const most = numberAt(schema, 'maxItems');
  const least = numberAt(schema, 'minItems');
  if (most !== undefined && value.length > most) {
    const message = `Too many: ${value.length}: must have at most ${most} items`;
    problems.push({ reason: 'FieldValueTooMany', message, field: path });
  }
  if (least !== undefined && value.length < least) {
    problems.push(wrong(path, value.length, `${path} in body should have at least ${least} items`));
  }
  const items = schema['items'];
  if (!isMap(items)) return problems;
  return [...problems, ...value.flatMap((entry, index) => schemaProblems(items, entry, `${path}[${index}]`))];
}

function objectProblems(schema: JsonObject, value: JsonObject, path: string): Cause[] {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const problems = listAt(schema, 'required')
    .filter((name) => typeof name === 'string')
    .filter((name) => value[name] === undefined)
    .map((name) => required(at(name)));
  const properties = mapAt(schema, 'properties');
  const rest = schema['additionalProperties'];
  for (const [name, below] of Object.entries(value)) {
    const member = properties[name] ?? rest;
    if (below === undefined || !isMap(member) || (path === '' && name === 'metadata')) continue;
    problems.push(...schemaProblems(member, below, at(name)));
  }
  return problems;
}
