// The calls behind `holdfast sandbox edit stack/NAME/LOGICALID`: change or read a live resource of the sandbox's stacks.
import { HoldfastError } from '../../../core/errors.ts';
import { isObject, type Json, type JsonObject } from '../../../core/json.ts';
import type { LiveEdit } from './edit.ts';

const headers = { 'content-type': 'application/json', 'x-holdfast-sandbox': '1' };
const timeoutMs = 10_000;

/** `Name=value` sets a property (JSON where it is JSON, else text), `Name-` removes it. Dotted names reach into maps. */
export function parseAssignments(words: readonly string[]): Readonly<Record<string, Json>> {
  const properties: Record<string, Json> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at > 0) properties[word.slice(0, at)] = valueOf(word.slice(at + 1));
    else if (word.length > 1 && word.endsWith('-')) properties[word.slice(0, -1)] = null;
    else {
      throw new HoldfastError({
        code: 'EditSyntax',
        source: 'user',
        message: `"${word}" is neither NAME=VALUE nor NAME-`,
        next: 'holdfast sandbox edit stack/STACK/LOGICALID VisibilityTimeout=77',
      });
    }
  }
  return properties;
}

function valueOf(text: string): Json {
  if (!/^[{["]/.test(text)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

async function ask(url: string, init: RequestInit): Promise<JsonObject | undefined> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers, signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    throw new HoldfastError({
      code: 'SandboxUnreachable',
      source: 'system',
      message: 'The sandbox does not answer',
      object: new URL(url).host,
      next: 'npm start',
      cause,
    });
  }
  const answer: unknown = await response.json();
  if (response.status === 404) return undefined;
  if (response.ok && isObject(answer)) return answer;
  const message = isObject(answer) && typeof answer['message'] === 'string' ? answer['message'] : 'refused';
  throw new HoldfastError({ code: 'SandboxRefused', source: 'user', message });
}

/** Changes or removes a live resource; answers it as it is then. Throws `SandboxRefused`, `SandboxUnreachable`. */
export async function editStackResource(endpoint: string, edit: LiveEdit): Promise<JsonObject> {
  return (await ask(`${endpoint}/sandbox/edit`, { method: 'POST', body: JSON.stringify(edit) })) ?? {};
}

/** A live resource: type, physicalId, properties, tags; undefined when it is gone. */
export async function readStackResource(
  endpoint: string,
  stack: string,
  logicalId: string,
): Promise<JsonObject | undefined> {
  return await ask(`${endpoint}/sandbox/live/${encodeURIComponent(stack)}/${encodeURIComponent(logicalId)}`, {});
}
