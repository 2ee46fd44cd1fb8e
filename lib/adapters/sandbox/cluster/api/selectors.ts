// Label and field selectors of lists, watches and collection deletes.
import type { JsonObject } from '../../../../core/json.ts';
import { mapAt, textAt } from '../json.ts';
import { badRequest } from './status.ts';

/** Whether an object is wanted. */
export type Selector = (object: JsonObject) => boolean;

type Operator = '=' | '==' | '!=' | 'in' | 'notin' | '>' | '<' | 'exists' | '!';

interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

const SYMBOLS = new Set([',', '(', ')', '=', '==', '!=', '!', '>', '<']);

/** Reads `a=b,c!=d,e in (x,y),!f,g`; refused in the server's words when it cannot be read. */
export function labelSelector(text: string): Selector {
  const requirements = new RequirementParser(text).parse();
  return (object) => {
    const labels = mapAt(object, 'metadata', 'labels');
    return requirements.every((requirement) => matches(requirement, textAt(labels, requirement.key)));
  };
}

/** Words and symbols, one after the other. */
class RequirementParser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/==|!=|[=!<>(),]|[^\s=!<>(),]+/g) ?? [];
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    if (this.#tokens.length === 0) return requirements;
    for (;;) {
      requirements.push(this.#requirement());
      const next = this.#tokens[this.#at++];
      if (next === undefined) return requirements;
      if (next !== ',') throw badRequest(`found '${next}', expected: ',' or 'end of string'`);
      if (this.#tokens[this.#at] === undefined) throw badRequest(`found '', expected: identifier after ','`);
    }
  }

  #requirement(): Requirement {
    const isNegated = this.#tokens[this.#at] === '!';
    if (isNegated) this.#at++;
    const key = this.#tokens[this.#at++] ?? '';
    if (key === '' || SYMBOLS.has(key)) throw unreadable(`found '${key}', expected: identifier`);
    if (isNegated) return { key, operator: '!', values: [] };
    const operator = this.#tokens[this.#at];
    switch (operator) {
      case undefined:
      case ',':
        return { key, operator: 'exists', values: [] };
      case '=':
      case '==':
      case '!=':
      case '>':
      case '<':
        this.#at++;
        return { key, operator, values: [this.#value()] };
      case 'in':
      case 'notin':
        this.#at++;
        return { key, operator, values: this.#values() };
      default:
        throw unreadable(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  #value(): string {
    const value = this.#tokens[this.#at];
    if (value === undefined || value === ',') return '';
    this.#at++;
    if (SYMBOLS.has(value)) throw unreadable(`found '${value}', expected: identifier`);
    return value;
  }

  #values(): string[] {
    const open = this.#tokens[this.#at++] ?? '';
    if (open !== '(') throw unreadable(`found '${open}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      values.push(this.#tokens[this.#at] === ')' ? '' : this.#value());
      const next = this.#tokens[this.#at++] ?? '';
      if (next === ')') return values;
      if (next !== ',') throw unreadable(`found '${next}', expected: ',', ')' or identifier`);
    }
  }
}

function unreadable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}

function matches({ operator, values }: Requirement, label: string | undefined): boolean {
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return label !== undefined && values.includes(label);
    case '!=':
    case 'notin':
      return label === undefined || !values.includes(label);
    case 'exists':
      return label !== undefined;
    case '!':
      return label === undefined;
    case '>':
      return label !== undefined && Number(label) > Number(values[0]);
    case '<':
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
  const known = ['metadata.name', 'metadata.namespace', ...(EXTRA_FIELDS[kind] ?? [])];
  const terms = text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [, field = '', sign = '', value = ''] = /^(.*?)(==|!=|=)(.*)$/.exec(part) ?? [];
      if (sign === '') throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
      if (!known.includes(field)) {
        const names = known.map((name) => JSON.stringify(name)).join(', ');
        throw badRequest(`${JSON.stringify(field)} is not a known field selector: only ${names}`);
      }
      return { path: field.split('.'), wanted: sign !== '!=', value };
    });
  return (object) => terms.every(({ path, wanted, value }) => ((textAt(object, ...path) ?? '') === value) === wanted);
}
