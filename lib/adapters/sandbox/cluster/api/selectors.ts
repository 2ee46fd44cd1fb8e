// Label and field selectors of lists, watches and collection deletes.
import type { JsonObject } from '../../../../core/json.ts';
import { mapAt, textAt } from '../json.ts';
import { badRequest } from './status.ts';

/** Whether an object is wanted. */
export type Selector = (object: JsonObject) => boolean;

interface Requirement {
  readonly key: string;
  readonly operator: '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';
  readonly values: readonly string[];
}

const KEY = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

/** Reads `a=b,c!=d,e in (x,y),!f,g`; refused like the server when it cannot be read. */
export function labelSelector(text: string): Selector {
  const requirements = splitRequirements(text).map((part) => parseRequirement(part, text));
  return (object) => {
    const labels = mapAt(object, 'metadata', 'labels');
    return requirements.every((requirement) => matches(requirement, textAt(labels, requirement.key)));
  };
}

/** Splits at the commas that are not inside parentheses. */
function splitRequirements(text: string): string[] {
  if (text.trim() === '') return [];
  return text.split(/,(?![^(]*\))/).map((part) => part.trim());
}

function parseRequirement(part: string, whole: string): Requirement {
  const fail = (why: string) => badRequest(`unable to parse requirement: ${why}`);
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part);
  const compared = /^([^=!<>\s]+)\s*(==|=|!=|>|<)\s*([^=!<>]*)$/.exec(part);
  let requirement: Requirement;
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    requirement = {
      key,
      operator: operator === 'in' ? 'in' : 'notin',
      values: list.split(',').map((value) => value.trim()),
    };
  } else if (compared !== null) {
    const [, key = '', sign = '', value = ''] = compared;
    const operator = sign === '!=' ? '!=' : sign === '>' ? 'gt' : sign === '<' ? 'lt' : '=';
    requirement = { key, operator, values: [value.trim()] };
  } else if (part.startsWith('!')) requirement = { key: part.slice(1).trim(), operator: '!', values: [] };
  else requirement = { key: part, operator: 'exists', values: [] };
  if (!KEY.test(requirement.key)) throw fail(`found '${part}' in '${whole}', expected: identifier`);
  const wrong = requirement.values.find((value) => !VALUE.test(value));
  if (wrong !== undefined) throw fail(`values[0][${requirement.key}]: Invalid value: ${JSON.stringify(wrong)}`);
  return requirement;
}

function matches({ operator, values }: Requirement, label: string | undefined): boolean {
  switch (operator) {
    case '=':
    case 'in':
      return label !== undefined && values.includes(label);
    case '!=':
    case 'notin':
      return label === undefined || !values.includes(label);
    case 'exists':
      return label !== undefined;
    case '!':
      return label === undefined;
    case 'gt':
      return label !== undefined && Number(label) > Number(values[0]);
    case 'lt':
      return label !== undefined && Number(label) < Number(values[0]);
  }
}

/** Fields that a few kinds can be selected by, besides name and namespace. */
const EXTRA_FIELDS: Readonly<Record<string, readonly string[]>> = {
  Pod: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.phase',
    'status.podIP',
  ],
  Secret: ['type'],
  Namespace: ['status.phase'],
  Event: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'reason',
    'type',
  ],
  Job: ['status.successful'],
  ReplicaSet: ['status.replicas'],
};

/** Reads `metadata.name=a,metadata.namespace!=b`. */
export function fieldSelector(text: string, kind: string): Selector {
  const known = new Set(['metadata.name', 'metadata.namespace', ...(EXTRA_FIELDS[kind] ?? [])]);
  const terms = text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [, field = '', sign = '', value = ''] = /^(.*?)(==|!=|=)(.*)$/.exec(part) ?? [];
      if (sign === '') throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
      if (!known.has(field)) throw badRequest(`field label not supported: ${field}`);
      return { path: field.split('.'), wanted: sign !== '!=', value };
    });
  return (object) => terms.every(({ path, wanted, value }) => ((textAt(object, ...path) ?? '') === value) === wanted);
}
