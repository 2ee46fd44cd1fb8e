// JSON values and their one canonical text, so that equal values have equal bytes and equal digests.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** Whether a JSON value is an object (not null, not a list). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Canonical text: keys sorted by code unit, no white space, undefined members left out. */
export function canonicalJson(value: Json | undefined): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object') return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) text += text === '' ? canonicalJson(item) : `,${canonicalJson(item)}`;
    return `[${text}]`;
  }
  const object = value as JsonObject;
  for (const key of Object.keys(object).sort()) {
    const member = object[key];
    if (member !== undefined) text += `${text === '' ? '' : ','}${quoted(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** Text that reads the same with and without escapes: nearly all names and values. */
const plain = /^[ !#-[\]-~]*$/;

// This runs for every member of every object that is looked at or sent.
function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** SHA-256 as lower-case hex. Core receives it as an argument, because core has no crypto of its own. */
export type Hash = (data: string | Uint8Array) => string;

/** HMAC-SHA-256 with the installation's key, as lower-case hex: for digests over values that may be secret. */
export type Hmac = (data: string) => string;
