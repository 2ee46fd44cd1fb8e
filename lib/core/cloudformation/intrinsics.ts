// The intrinsic functions of templates: YAML short forms and their long-form keys.
import { isObject, type Json, type JsonObject } from '../json.ts';

/** Short-form tag without `!` -> key of the long form. */
export const shortForms: Readonly<Record<string, string>> = {
  Ref: 'Ref',
  Condition: 'Condition',
  ...Object.fromEntries(
    [
      'And',
      'Base64',
      'Cidr',
      'Contains',
      'EachMemberEquals',
      'EachMemberIn',
      'Equals',
      'FindInMap',
      'GetAZs',
      'GetAtt',
      'GetStackOutput',
      'If',
      'ImportValue',
      'Join',
      'Length',
      'Not',
      'Or',
      'RefAll',
      'Select',
      'Split',
      'Sub',
      'ToJsonString',
      'Transform',
      'ValueOf',
      'ValueOfAll',
    ].map((name) => [name, `Fn::${name}`]),
  ),
};

/** Names that `Ref` and `${}` know in every template. */
export const pseudoParameters: readonly string[] = [
  'AWS::AccountId',
  'AWS::NotificationARNs',
  'AWS::NoValue',
  'AWS::Partition',
  'AWS::Region',
  'AWS::StackId',
  'AWS::StackName',
  'AWS::URLSuffix',
];

/** One intrinsic function call: an object with exactly one member whose key is a function. */
export interface Call {
  readonly name: string;
  readonly argument: Json;
}

/** The value read as an intrinsic call, or undefined when it is plain data. */
export function asCall(value: Json | undefined): Call | undefined {
  if (!isObject(value)) return undefined;
  const keys = Object.keys(value);
  const key = keys[0];
  if (keys.length !== 1 || key === undefined) return undefined;
  if (key !== 'Ref' && key !== 'Condition' && !key.startsWith('Fn::')) return undefined;
  const argument = value[key];
  if (argument === undefined) return undefined;
  if (key === 'Condition' && typeof argument !== 'string') return undefined;
  return { name: key, argument };
}

/** `Fn::GetAtt` in either spelling as resource and attribute, or undefined when it is not static. */
export function getAttParts(argument: Json): { readonly resource: string; readonly attribute: string } | undefined {
  if (typeof argument === 'string') return splitAttribute(argument);
  if (!Array.isArray(argument)) return undefined;
  const [resource, attribute] = argument as readonly Json[];
  if (typeof resource !== 'string' || typeof attribute !== 'string') return undefined;
  return { resource, attribute };
}

/** `A.B.C` -> resource `A`, attribute `B.C`. */
export function splitAttribute(text: string): { readonly resource: string; readonly attribute: string } | undefined {
  const dot = text.indexOf('.');
  if (dot < 1 || dot === text.length - 1) return undefined;
  return { resource: text.slice(0, dot), attribute: text.slice(dot + 1) };
}

/** The `${…}` names of a `Fn::Sub` text in order; `${!literal}` is not one. */
export function subNames(text: string): readonly string[] {
  const names: string[] = [];
  for (const match of text.matchAll(/\$\{([^}]*)\}/g)) {
    const name = (match[1] ?? '').trim();
    if (!name.startsWith('!')) names.push(name);
  }
  return names;
}

/** Text, and own variables if any, of a `Fn::Sub`. */
export function subParts(argument: Json): { readonly text: string; readonly variables: JsonObject } | undefined {
  if (typeof argument === 'string') return { text: argument, variables: {} };
  if (!Array.isArray(argument)) return undefined;
  const [text, variables] = argument as readonly Json[];
  if (typeof text !== 'string') return undefined;
  return { text, variables: isObject(variables) ? variables : {} };
}
