// Reads request bodies in the formats that each verb takes, and refuses them in the server's words.
import { parseDocument } from 'yaml';
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isMap } from '../json.ts';
import { badRequest } from './status.ts';

/** An object to be created or replaced: JSON, or YAML when the content type says so. */
export function parseObject(text: string, kind: string, contentType: string): JsonObject {
  if (contentType === 'application/yaml') return asObject(parseYaml(text));
  const value = parseJson(text);
  if (isMap(value)) return value;
  const why = text === '' ? 'unexpected end of JSON input' : "couldn't read the body as a JSON object";
  throw badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why} (${text.slice(0, 64)})`,
  );
}

/** An apply configuration: YAML, of which JSON is a part. */
export function parseConfiguration(text: string): JsonObject {
  const value = parseJson(text);
  return isMap(value) ? value : asObject(parseYaml(text));
}

/** A plain patch: JSON. */
export function parsePatch(text: string): Json {
  const value = parseJson(text);
  if (value === undefined) throw badRequest('error decoding patch: the body is not JSON');
  return value;
}

/** Options in the body of a delete. */
export function parseOptions(text: string): JsonObject {
  return asObject(parseJson(text) ?? null);
}

function asObject(value: Json): JsonObject {
  return isMap(value) ? value : {};
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseYaml(text: string): Json {
  const document = parseDocument(text, { version: '1.1', schema: 'yaml-1.1' });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = text.slice(0, problem.pos[0]).split('\n').length;
    if (problem.code === 'DUPLICATE_KEY') throw badRequest(duplicateKey(text, problem.pos[0], line));
    throw badRequest(
      `error decoding YAML: error converting YAML to JSON: yaml: line ${line}: did not find expected node content`,
    );
  }
  // Through text, so that dates and other YAML values become what JSON has.
  return JSON.parse(JSON.stringify(document.toJS() ?? null));
}

function duplicateKey(text: string, offset: number, line: number): string {
  const key = /^\s*["']?([^"':\s]+)/.exec(text.slice(offset))?.[1] ?? '';
  const problem = `  line ${line}: key ${JSON.stringify(key)} already set in map`;
  return `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n${problem}`;
}
