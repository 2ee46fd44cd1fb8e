// Reads request bodies: JSON when it is JSON, else YAML as the server takes it.
import { parseDocument } from 'yaml';
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isMap } from '../json.ts';
import { badRequest } from './status.ts';

/** A body that must be an object. `what` names the format in the refusal. */
export function parseObject(text: string): JsonObject {
  const value = parseBody(text);
  if (!isMap(value)) throw badRequest("couldn't get version/kind; json parse error: the body is not an object");
  return value;
}

/** Any JSON or YAML value. */
export function parseBody(text: string): Json {
  const first = text.trimStart()[0];
  if (first === '{' || first === '[') {
    try {
      return JSON.parse(text);
    } catch {
      // YAML's flow style begins like JSON.
    }
  }
  const document = parseDocument(text, { version: '1.1', schema: 'yaml-1.1' });
  const [problem] = document.errors;
  if (problem?.code === 'DUPLICATE_KEY') throw duplicateKey(text, problem.pos[0]);
  if (problem !== undefined)
    throw badRequest(`error decoding YAML: error converting YAML to JSON: yaml: ${problem.message.split('\n')[0]}`);
  return JSON.parse(JSON.stringify(document.toJS() ?? null));
}

function duplicateKey(text: string, offset: number): Error {
  const line = text.slice(0, offset).split('\n').length;
  const key = /^\s*["']?([^"':\s]+)/.exec(text.slice(offset))?.[1] ?? '';
  return badRequest(
    `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line ${line}: key ${JSON.stringify(key)} already set in map`,
  );
}
