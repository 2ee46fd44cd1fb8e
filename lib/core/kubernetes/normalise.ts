// What is taken out of, or rewritten in, a rendered object before it is sent: fields that only the server may write.
import { isObject, type Json, type JsonObject } from '../json.ts';
import type { KubeObject } from './object.ts';

const serverMetadata = [
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
];

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function utf8(text: string): readonly number[] {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return bytes;
}

/** Base64 of the UTF-8 bytes of a text. */
export function base64(text: string): string {
  const bytes = utf8(text);
  let out = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.slice(at, at + 3);
    const bits = (a << 16) | (b << 8) | c;
    const four = [18, 12, 6, 0].map((shift) => alphabet[(bits >> shift) & 63]).join('');
    const missing = at + 3 - bytes.length;
    out += missing > 0 ? four.slice(0, 4 - missing) + '='.repeat(missing) : four;
  }
  return out;
}

/**
 * Writes `stringData` as `data`: the server does so too, but then loses track of who owns a key and never removes it.
 * Values that are not texts are left for the server to refuse.
 */
function mergeStringData(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object;
  if (!isObject(stringData)) return object;
  const data: Record<string, Json | undefined> = isObject(rest['data']) ? { ...rest['data'] } : {};
  for (const [key, value] of Object.entries(stringData)) {
    if (typeof value !== 'string') return object;
    data[key] = base64(value);
  }
  return { ...rest, apiVersion: object.apiVersion, kind: object.kind, metadata: object.metadata, data };
}

/** The object without status and server-written metadata, and with a Secret's `stringData` as `data`. */
export function normalise(object: KubeObject): KubeObject {
  const dirty = 'status' in object || serverMetadata.some((name) => name in object.metadata);
  let clean = object;
  if (dirty) {
    const metadata: Record<string, Json | undefined> = { ...(object.metadata as JsonObject) };
    for (const name of serverMetadata) delete metadata[name];
    const { status: _, ...rest } = object;
    clean = { ...rest, apiVersion: object.apiVersion, kind: object.kind, metadata };
  }
  const isSecret = clean.kind === 'Secret' && clean.apiVersion === 'v1';
  return isSecret && 'stringData' in clean ? mergeStringData(clean) : clean;
}
