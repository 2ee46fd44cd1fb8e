// Property values of stacks: paths as people read them, list items named where they have names, secrets masked.
import { isObject, type Json, type JsonObject } from '../json.ts';
import { masked, maskFields } from '../plan/mask.ts';
import type { FieldChange } from '../plan/model.ts';
import { replaceSecretForms } from '../secrets.ts';

/** What the service itself writes for parameters declared NoEcho. */
export const noEchoText = '****';

const nameKeys = [
  'Name',
  'Key',
  'name',
  'key',
  'ParameterKey',
  'Id',
  'Sid',
  'AttributeName',
  'IndexName',
  'PolicyName',
];
/** Properties that hold a secret although their names do not end like one. */
const secretProperties = /(?:^|\.)(?:SecretString|SecretBinary)(?:$|[.[])/;

/** Steps of a JSON pointer, unescaped. */
export function pointerParts(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** One step of a JSON pointer, escaped. */
export function escapePart(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}

function child(value: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(value)) return (value as readonly Json[])[Number(key)];
  return isObject(value) ? value[key] : undefined;
}

/** The name that an item of a list goes by: `[Key=team]`. */
function itemName(item: Json | undefined): readonly [string, string] | undefined {
  if (!isObject(item)) return undefined;
  for (const key of nameKeys) {
    const value = item[key];
    if (typeof value === 'string' && value !== '') return [key, value];
  }
  return undefined;
}

/** A pointer below the properties as people read it: `Tags[Key=team].Value`. `properties` tells the names of list items. */
export function displayPath(pointer: string, properties: JsonObject | undefined): string {
  let text = '';
  let value: Json | undefined = properties;
  for (const part of pointerParts(pointer)) {
    const inList = Array.isArray(value) || (value === undefined && /^\d+$/.test(part));
    value = child(value, part);
    const name = inList ? itemName(value) : undefined;
    if (name !== undefined) text += `[${name[0]}=${name[1]}]`;
    else if (inList) text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** A text of the service as a value: maps and lists come as JSON. */
export function readValue(text: string): Json {
  if (!/^[{[]/.test(text)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    // Long values are cut off.
    return text;
  }
}

/** Fields that may be shown. */
export function maskProperties(fields: readonly FieldChange[]): readonly FieldChange[] {
  return maskFields({}, fields).map((field) =>
    secretProperties.test(field.path)
      ? {
          ...field,
          ...(field.before === undefined ? {} : { before: masked }),
          ...(field.after === undefined ? {} : { after: masked }),
        }
      : field,
  );
}

/** A text of the service that may be shown: tokens, keys and credentials in it replaced. */
export function safeText(text: string): string {
  return replaceSecretForms(text, masked);
}

/** Leaves of a value with their pointers, in order. Empty maps and lists are leaves. */
export function leaves(value: Json, pointer = ''): readonly { readonly pointer: string; readonly value: Json }[] {
  if (Array.isArray(value) && value.length > 0) {
    return value.flatMap((item: Json, index) => leaves(item, `${pointer}/${index}`));
  }
  if (isObject(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, one]) =>
      one === undefined ? [] : leaves(one, `${pointer}/${escapePart(key)}`),
    );
  }
  return [{ pointer, value }];
}

/** JSON text as an object, or undefined when it is not one (absent, cut off, something else). */
export function parseObject(text: string | undefined): JsonObject | undefined {
  const value = text === undefined ? undefined : readValue(text);
  return isObject(value) ? value : undefined;
}
