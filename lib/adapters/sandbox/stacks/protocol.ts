// The AWS Query protocol: form fields in, XML out.
import { randomUUID } from 'node:crypto';
import { HoldfastError } from '../../../core/errors.ts';
import { isObject, type Json, type JsonObject } from '../../../core/json.ts';
import { shown } from './text.ts';

const namespace = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';

/** HTTP status of error codes that are not 400. */
const httpStatus: Readonly<Record<string, number>> = {
  ChangeSetNotFound: 404,
  InternalFailure: 500,
  MissingAuthenticationToken: 403,
  OperationNotFoundException: 404,
};

/** A refusal as the real service words it: `code` and `message` reach the client unchanged. */
export function refusal(code: string, message: string): HoldfastError {
  return new HoldfastError({ code, source: 'user', message });
}

/** The service's general "no". */
export function invalid(message: string): HoldfastError {
  return refusal('ValidationError', message);
}

/** One decoded call. */
export class Call {
  readonly action: string;
  readonly #fields: URLSearchParams;

  constructor(body: string) {
    this.#fields = new URLSearchParams(body);
    this.action = this.#fields.get('Action') ?? '';
  }

  text(name: string): string | undefined {
    return this.#fields.get(name) ?? undefined;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value !== undefined && value !== '') return value;
    throw invalid(
      `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
    );
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : value === 'true';
  }

  number(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : Number(value);
  }

  /** `Name.member.N` fields; undefined when the list was not sent at all. */
  list(name: string): readonly string[] | undefined {
    if (this.#fields.get(name) === '') return [];
    const values: string[] = [];
    for (let index = 1; this.#fields.has(`${name}.member.${index}`); index += 1) {
      values.push(this.#fields.get(`${name}.member.${index}`) ?? '');
    }
    return values.length === 0 ? undefined : values;
  }

  /** `Name.member.N.Key` fields as one record per member. */
  records(name: string): readonly Readonly<Record<string, string>>[] | undefined {
    const records = new Map<number, Record<string, string>>();
    const prefix = `${name}.member.`;
    for (const [field, value] of this.#fields) {
      if (!field.startsWith(prefix)) continue;
      const [index = '', ...rest] = field.slice(prefix.length).split('.');
      const record = records.get(Number(index)) ?? {};
      record[rest.join('.')] = value;
      records.set(Number(index), record);
    }
    if (records.size === 0) return this.#fields.get(name) === '' ? [] : undefined;
    return [...records.entries()].sort(([a], [b]) => a - b).map(([, record]) => record);
  }
}

function escapeXml(text: string): string {
  // Control characters are not allowed in XML 1.0 at all.
  const clean = text.replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD');
  return clean.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;');
}

function element(name: string, value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) {
    return `<${name}>${value.map((item: Json) => element('member', item)).join('')}</${name}>`;
  }
  if (isObject(value)) return `<${name}>${members(value)}</${name}>`;
  return `<${name}>${escapeXml(shown(value))}</${name}>`;
}

function members(value: JsonObject): string {
  return Object.entries(value)
    .map(([name, member]) => element(name, member))
    .join('');
}

export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** The answer of a successful call. */
export function answer(action: string, result: JsonObject): Reply {
  const body =
    `<${action}Response xmlns="${namespace}"><${action}Result>${members(result)}</${action}Result>` +
    `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`;
  return { status: 200, body };
}

/** The answer of a refused call. */
export function refused(error: unknown): Reply {
  const known = error instanceof HoldfastError;
  const code = known ? error.code : 'InternalFailure';
  const message = known ? error.message : 'The sandbox failed on this request';
  const status = httpStatus[code] ?? 400;
  const type = status < 500 ? 'Sender' : 'Receiver';
  const body =
    `<ErrorResponse xmlns="${namespace}"><Error><Type>${type}</Type><Code>${escapeXml(code)}</Code>` +
    `<Message>${escapeXml(message)}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`;
  return { status, body };
}
