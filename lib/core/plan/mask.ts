// Hides secrets in differences and in messages before any of them becomes text. What is hidden: all values of a Secret; what is
// stored under a name that says secret (`password`, `DB_TOKEN`, an env entry of that name); texts that look like a secret or assign
// one (`password=…` in a ConfigMap or a command line); kubectl's last-applied annotation, which repeats all of them.
// That two values differ stays visible; what they are does not.
import { decodeBase64 } from '../base64.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { hasSecretAssignment, hasSecretForm, isSecretName, isSecretReference, replaceSecretForms } from '../secrets.ts';
import type { FieldChange } from './model.ts';

/** What stands for a hidden value that is the same on both sides, or alone. */
export const masked = '***';
const maskedBefore = '*** (before)';
const maskedAfter = '*** (after)';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** What is looked at to decide: whether all data is secret, and the names under which a value stands. */
interface Context {
  readonly isSecret: boolean;
}

/** Anything with a kind: a Kubernetes object, or the properties of a resource. */
export type Masked = JsonObject;

/** Whether an object is a Secret of the core group; all its data is hidden, also where it is malformed. */
function contextOf(object: Masked | undefined): Context {
  const group = object?.['apiVersion'];
  return { isSecret: object?.['kind'] === 'Secret' && (typeof group !== 'string' || !group.includes('/')) };
}

/** Masked differences of one object. `object` says of what kind it is; either side of the comparison will do. */
export function maskFields(object: Masked, fields: readonly FieldChange[]): readonly FieldChange[] {
  const becomes = fields.some(({ path, before, after }) => path === 'kind' && [before, after].includes('Secret'));
  const context = becomes ? { isSecret: true } : contextOf(object);
  return fields.map((change) => {
    const hideAll = isSecretPath(change.path, context);
    const secrets = {
      before: collect(change.before, { context, hideAll, path: change.path }),
      after: collect(change.after, { context, hideAll, path: change.path }),
    };
    if (secrets.before.size === 0 && secrets.after.size === 0) return change;
    const before = replace(change.before, secrets.before, (value) =>
      secrets.after.has(value) ? masked : maskedBefore,
    );
    const after = replace(change.after, secrets.after, (value) => (secrets.before.has(value) ? masked : maskedAfter));
    return {
      ...change,
      path: maskPath(change.path),
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    };
  });
}

/** A path may name a list item by a value; one that looks like a secret is hidden there too. */
function maskPath(path: string): string {
  return replaceSecretForms(path, masked);
}

/** Whether everything at a path is hidden, by the names on the way. */
function isSecretPath(path: string, { isSecret }: Context): boolean {
  if (isSecret && /^(?:data|stringData)(?=$|[.[])/.test(path)) return true;
  if (path.includes(lastApplied)) return true;
  const named = /\[(?:name|key|Name|Key|ParameterKey)=([^\]]*)\]\.(?:value|Value|ParameterValue)$/.exec(path)?.[1];
  if (named !== undefined) return isSecretName(named);
  const tail = path.slice(path.lastIndexOf(']') + 1);
  return tail !== '' && isSecretName(tail);
}

interface Collecting {
  readonly context: Context;
  readonly hideAll: boolean;
  readonly path: string;
}

/** Every secret text in a value. Numbers count as their text; true, false and null are never secret. */
function collect(value: Json | undefined, { context, hideAll, path }: Collecting): ReadonlySet<string> {
  const found = new Set<string>();
  const prose = /(?:^|\.)description$/.test(path);
  const visit = (here: Json | undefined, hidden: boolean, isProse: boolean): void => {
    if (typeof here === 'string') {
      if (here !== '' && (hidden ? !isSecretReference(here) || context.isSecret : isSecretText(here, isProse)))
        found.add(here);
    } else if (typeof here === 'number') {
      if (hidden) found.add(String(here));
    } else if (Array.isArray(here)) visitList(here as readonly Json[], hidden, isProse);
    else if (isObject(here)) visitObject(here, hidden);
  };
  const visitList = (list: readonly Json[], hidden: boolean, isProse: boolean): void => {
    for (const [index, one] of list.entries()) {
      const flag = list[index - 1];
      // `--password hunter2` as two arguments.
      const isArgument =
        typeof flag === 'string' && /^--?[A-Za-z]/.test(flag) && !flag.includes('=') && isSecretName(flag);
      visit(one, hidden || (isArgument && typeof one === 'string' && !one.startsWith('-')), isProse);
    }
  };
  const visitObject = (object: JsonObject, hidden: boolean): void => {
    const named = [object['name'], object['key'], object['Name'], object['Key'], object['ParameterKey']].find(
      (name) => typeof name === 'string',
    );
    const entryIsSecret = typeof named === 'string' && isSecretName(named);
    for (const [key, one] of Object.entries(object)) {
      const isValue = /^(?:value|Value|ParameterValue)$/.test(key);
      const byName = key === lastApplied || (isSecretName(key) && !isObject(one)) || (entryIsSecret && isValue);
      visit(one, hidden || byName, key === 'description');
    }
  };
  const whole = context.isSecret && path === '' && isObject(value) ? value : undefined;
  if (whole === undefined) visit(value, hideAll, prose);
  else
    for (const [key, one] of Object.entries(whole))
      visit(one, hideAll || key === 'data' || key === 'stringData', false);
  return found;
}

function isSecretText(text: string, isProse: boolean): boolean {
  return hasSecretForm(text) || (!isProse && hasSecretAssignment(text));
}

/** The value with its secret texts replaced. */
function replace(
  value: Json | undefined,
  secrets: ReadonlySet<string>,
  mask: (secret: string) => string,
): Json | undefined {
  if (typeof value === 'string') return secrets.has(value) ? mask(value) : value;
  if (typeof value === 'number') return secrets.has(String(value)) ? mask(String(value)) : value;
  if (Array.isArray(value)) return value.map((one: Json) => replace(one, secrets, mask) ?? null);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, replace(one, secrets, mask)]));
}

/** Every secret of an object as it may turn up in a message of a server: as stored, and decoded where a Secret holds base64. */
export function secretTexts(object: Masked): readonly string[] {
  const context = contextOf(object);
  const found = new Set(collect(object, { context, hideAll: false, path: '' }));
  const data = context.isSecret ? object['data'] : undefined;
  if (isObject(data)) {
    for (const value of Object.values(data)) {
      const text = typeof value === 'string' ? decodeBase64(value) : undefined;
      if (text !== undefined && text !== '') found.add(text);
    }
  }
  return [...found];
}

/** Below this length a secret is too common a text to be replaced everywhere; it is where it stands in quotes. */
const shortLength = 4;

/** A message of a server with these secrets, and whatever looks like one, replaced. */
export function maskText(text: string, secrets: readonly string[]): string {
  let result = text;
  // Servers quote values: the escaped form must go too, and longer ones first, because one may be part of another.
  const forms = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), secret.trim()]);
  const unique = [...new Set(forms)].filter((form) => form !== '').sort((a, b) => b.length - a.length);
  for (const form of unique) {
    if (form.length >= shortLength) result = result.replaceAll(form, masked);
    else
      for (const quote of ['"', "'", '`'])
        result = result.replaceAll(`${quote}${form}${quote}`, `${quote}${masked}${quote}`);
  }
  return replaceSecretForms(result, masked);
}
