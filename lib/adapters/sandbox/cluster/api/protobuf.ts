// Reads objects in Kubernetes' protobuf form, which generated clients such as `kubectl create` send for the built-in kinds. Answers are JSON:
// every such client reads both.
import type { Json, JsonObject } from '../../../../core/json.ts';
import type { FieldType, TypeNode } from '../fields/types.ts';
import { BYTES, builtInType, namedType } from '../kinds/schema.ts';
import { badRequest, unsupportedMediaType } from './status.ts';

/** The content type of these bodies. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from('k8s\0');

/** One field on the wire: a number, or the bytes of a text, list or message. */
interface Part {
  readonly number: number;
  readonly value: bigint | number | Buffer;
}

/** The object in an envelope of kind, version and message. */
export function decodeProtobuf(bytes: Buffer): JsonObject {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw badRequest('the body is not in the protobuf form of Kubernetes');
  const envelope = parts(bytes.subarray(MAGIC.length));
  const about = parts(bufferOf(envelope, 1));
  const apiVersion = bufferOf(about, 1).toString();
  const kind = bufferOf(about, 2).toString();
  const type = kind === 'DeleteOptions' ? namedType('meta.v1.DeleteOptions') : builtInType(apiVersion, kind);
  // Custom resources have no protobuf form, and neither has JSON Schema in ours.
  if (type === undefined || kind === 'CustomResourceDefinition') throw unsupportedMediaType();
  return { kind, apiVersion, ...message(type, bufferOf(envelope, 2)) };
}

function bufferOf(all: readonly Part[], number: number): Buffer {
  const found = all.find((part) => part.number === number)?.value;
  return Buffer.isBuffer(found) ? found : Buffer.alloc(0);
}

/** Splits a message into its fields. */
function parts(bytes: Buffer): Part[] {
  const found: Part[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw badRequest('unexpected end of a protobuf message');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    switch (tag & 7) {
      case 0:
        found.push({ number, value: BigInt.asIntN(64, varint()) });
        break;
      case 1:
        if (at + 8 > bytes.length) throw badRequest('unexpected end of a protobuf message');
        found.push({ number, value: bytes.readDoubleLE(at) });
        at += 8;
        break;
      case 2: {
        const length = Number(varint());
        if (at + length > bytes.length) throw badRequest('unexpected end of a protobuf message');
        found.push({ number, value: bytes.subarray(at, at + length) });
        at += length;
        break;
      }
      default:
        throw badRequest(`unknown wire type in a protobuf message`);
    }
  }
  return found;
}

type Fields = ReadonlyMap<number, { readonly name: string; readonly field: FieldType } | Fields>;

const fieldsByNumber = new WeakMap<TypeNode, Fields>();

/** The fields of a struct by number; a struct that Go embeds is a message of its own, whose fields belong to this one. */
function fieldsOf(type: TypeNode): Fields {
  const known = fieldsByNumber.get(type);
  if (known !== undefined) return known;
  const root = new Map<number, { readonly name: string; readonly field: FieldType } | Fields>();
  for (const [name, field] of type.map?.fields ?? []) {
    if (name === 'kind' || name === 'apiVersion') continue;
    let level = root;
    for (const number of field.numbers.slice(0, -1)) {
      const below = level.get(number);
      const next = below instanceof Map ? below : new Map();
      level.set(number, next);
      level = next;
    }
    const last = field.numbers.at(-1);
    if (last !== undefined) level.set(last, { name, field });
  }
  fieldsByNumber.set(type, root);
  return root;
}

function message(type: TypeNode, bytes: Buffer): JsonObject {
  const result: Record<string, Json> = {};
  fill(result, fieldsOf(type), bytes);
  return result;
}

function fill(result: Record<string, Json>, fields: Fields, bytes: Buffer): void {
  for (const { number, value } of parts(bytes)) {
    const found = fields.get(number);
    if (found === undefined) continue;
    if (found instanceof Map) {
      if (Buffer.isBuffer(value)) fill(result, found, value);
      continue;
    }
    const { name, field } = found as { readonly name: string; readonly field: FieldType };
    result[name] = added(field.type, result[name], value);
  }
}

/** Lists and maps come entry by entry. */
function added(type: TypeNode, before: Json | undefined, value: Part['value']): Json {
  if (type.name === undefined && type.list !== undefined && type.scalar === undefined) {
    const entry = single(type.list.element, value);
    return [...(Array.isArray(before) ? before : []), entry];
  }
  const element = type.map?.fields.size === 0 ? type.map.element : undefined;
  if (type.name === undefined && element !== undefined && type.scalar === undefined && Buffer.isBuffer(value)) {
    const entry = parts(value);
    const key = bufferOf(entry, 1).toString();
    const held = entry.find((part) => part.number === 2)?.value ?? Buffer.alloc(0);
    return { ...(before as JsonObject | undefined), [key]: single(element, held) };
  }
  return single(type, value);
}

function single(type: TypeNode, value: Part['value']): Json {
  const special = type.name === undefined ? undefined : SPECIAL[type.name];
  if (special !== undefined) return Buffer.isBuffer(value) ? special(parts(value)) : null;
  if (!Buffer.isBuffer(value)) return type.scalar === 'boolean' ? Number(value) !== 0 : Number(value);
  if (type === BYTES) return value.toString('base64');
  return type.map !== undefined && type.scalar === undefined ? message(type, value) : value.toString();
}

/** Types whose JSON is not the shape of their message. */
const SPECIAL: Readonly<Record<string, (fields: readonly Part[]) => Json>> = {
  'meta.v1.Time': time,
  'meta.v1.MicroTime': time,
  'api.resource.Quantity': (fields) => bufferOf(fields, 1).toString(),
  'util.intstr.IntOrString': (fields) =>
    numberOf(fields, 1) === 0 ? numberOf(fields, 2) : bufferOf(fields, 3).toString(),
  'meta.v1.FieldsV1': raw,
  'runtime.RawExtension': raw,
};

function numberOf(fields: readonly Part[], number: number): number {
  const value = fields.find((part) => part.number === number)?.value ?? 0;
  return Buffer.isBuffer(value) ? 0 : Number(value);
}

/** A time that was never set is an empty message. */
function time(fields: readonly Part[]): Json {
  if (fields.length === 0) return null;
  const milliseconds = numberOf(fields, 1) * 1000 + numberOf(fields, 2) / 1_000_000;
  return new Date(milliseconds).toISOString().replace(/\.000Z$/, 'Z');
}

function raw(fields: readonly Part[]): Json {
  const text = bufferOf(fields, 1).toString();
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest('raw JSON in a protobuf message cannot be read');
  }
}
