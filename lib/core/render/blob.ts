// Desired state as a stored blob: a head line, then one canonical JSON line per object. Plan, drift and rollback read this, not Git.
import { HoldfastError } from '../errors.ts';
import { canonicalJson, type Hash, isObject, type Json, type JsonObject } from '../json.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import type { Desired, DesiredObject, SourcePosition, StackDesired } from './model.ts';

const version = 1;

export interface EncodedDesired {
  readonly text: string;
  /** Of the whole text: equal desired states have equal digests. */
  readonly digest: string;
}

/** One line of the blob. */
export interface DesiredLine extends DesiredObject {
  /** Of the object alone, without its place: unchanged when it only moved to another line or file. */
  readonly digest: string;
}

/** Digest of one desired object, with the prefix of its format. */
export function objectDigest(object: KubeObject, hash: Hash): string {
  return hash(`holdfast-object/${version}\n${canonicalJson(object)}`);
}

/** Writes a desired state. The same state gives the same bytes. */
export function encodeDesired(desired: Desired, hash: Hash): EncodedDesired {
  const lines = desired.kind === 'stack' ? stackLines(desired) : kubernetesLines(desired, hash);
  const text = `${lines.join('\n')}\n`;
  return { text, digest: hash(text) };
}

function kubernetesLines(desired: Exclude<Desired, StackDesired>, hash: Hash): string[] {
  const { objects, hooks } = desired;
  const head = { v: version, kind: 'kubernetes', objects: objects.length, hooks: hooks.length };
  const line = (one: DesiredObject): string =>
    canonicalJson({
      object: one.object,
      source: position(one.source),
      hook: one.hook,
      digest: objectDigest(one.object, hash),
    });
  return [canonicalJson(head), ...objects.map(line), ...hooks.map(line)];
}

function stackLines(desired: StackDesired): string[] {
  const { stack, source, body, template } = desired;
  return [
    canonicalJson({ v: version, kind: 'stack' }),
    canonicalJson({ stack: { ...stack }, source: position(source), body, template }),
  ];
}

const position = (source: SourcePosition): JsonObject => ({
  file: source.file,
  line: source.line,
  column: source.column,
});

/** The lines after the head, one at a time, so that a sweep never holds them all. */
export function* desiredLines(text: string): Generator<DesiredLine> {
  let start = text.indexOf('\n') + 1;
  while (start > 0 && start < text.length) {
    const end = text.indexOf('\n', start);
    const line = parse(text.slice(start, end < 0 ? text.length : end));
    if (!isObject(line['object']) || typeof line['digest'] !== 'string') throw invalid();
    yield line as unknown as DesiredLine;
    start = end + 1;
  }
}

/** Reads what `encodeDesired` wrote. Throws `DesiredInvalid`, and `DesiredNewer` for a format that this version does not know. */
export function decodeDesired(text: string): Desired {
  const head = parse(text.slice(0, Math.max(0, text.indexOf('\n'))));
  if (typeof head['v'] !== 'number') throw invalid();
  if (head['v'] > version) throw newer();
  if (head['kind'] === 'stack') return decodeStack(text);
  const all: DesiredObject[] = [];
  for (const { object, source, hook } of desiredLines(text)) {
    all.push({ object, source, ...(hook === undefined ? {} : { hook }) });
  }
  const count = head['objects'];
  if (typeof count !== 'number' || all.length !== count + Number(head['hooks'])) throw invalid();
  return { kind: 'kubernetes', objects: all.slice(0, count), hooks: all.slice(count) };
}

function decodeStack(text: string): StackDesired {
  const line = parse(text.slice(text.indexOf('\n') + 1, -1));
  if (!isObject(line['stack']) || typeof line['body'] !== 'string') throw invalid();
  return { kind: 'stack', ...line } as unknown as StackDesired;
}

function parse(line: string): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(line) as Json;
  } catch {
    throw invalid();
  }
  if (!isObject(value)) throw invalid();
  return value;
}

const invalid = (): HoldfastError =>
  new HoldfastError({
    code: 'DesiredInvalid',
    source: 'system',
    message: 'A stored desired state cannot be read; the application is rendered again',
    retryable: true,
  });

const newer = (): HoldfastError =>
  new HoldfastError({
    code: 'DesiredNewer',
    source: 'system',
    message: 'A stored desired state was written by a newer Holdfast',
    next: 'Start the newer version again, or use another data directory',
  });
