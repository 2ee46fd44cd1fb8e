// Changing the embedded stacks by hand, as a person in the console would: CloudFormation does not notice before drift is detected.
import { HoldfastError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';

/** A live resource of an embedded stack, or undefined. */
export async function liveResource(
  endpoint: string,
  stack: string,
  logicalId: string,
): Promise<JsonObject | undefined> {
  const response = await fetch(
    `${endpoint}/sandbox/live/${encodeURIComponent(stack)}/${encodeURIComponent(logicalId)}`,
    { headers: { 'x-holdfast-sandbox': '1' } },
  );
  return response.ok ? ((await response.json()) as JsonObject) : undefined;
}

/** Changes properties of a live resource (null removes one), or removes the resource. Throws `SandboxRefused`. */
export async function editResource(
  endpoint: string,
  edit: {
    readonly stack: string;
    readonly logicalId: string;
    readonly properties?: Readonly<Record<string, Json>>;
    readonly delete?: boolean;
  },
): Promise<void> {
  const response = await fetch(`${endpoint}/sandbox/edit`, {
    method: 'POST',
    headers: { 'x-holdfast-sandbox': '1', 'content-type': 'application/json' },
    body: JSON.stringify(edit),
  });
  if (response.ok) return;
  const answer = (await response.json().catch(() => ({}))) as { message?: string };
  throw new HoldfastError({
    code: 'SandboxRefused',
    source: 'user',
    message: answer.message ?? `The sandbox answered ${response.status}`,
    object: `stack/${edit.stack}/${edit.logicalId}`,
  });
}
