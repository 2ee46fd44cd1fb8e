// What can be said about a template without asking AWS: sections, resources, and names that lead nowhere.
import type { Problem } from '../config/model.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { asCall, getAttParts, pseudoParameters, subNames, subParts } from './intrinsics.ts';
import { nearest } from '../config/nearest.ts';
import type { Path, TemplateRead } from './template.ts';

const sections = [
  'AWSTemplateFormatVersion',
  'Conditions',
  'Description',
  'Fn::Transform',
  'Globals',
  'Hooks',
  'Mappings',
  'Metadata',
  'Outputs',
  'Parameters',
  'Resources',
  'Rules',
  'Transform',
];
const attributes = [
  'Condition',
  'CreationPolicy',
  'DeletionPolicy',
  'DependsOn',
  'Metadata',
  'Properties',
  'Type',
  'UpdatePolicy',
  'UpdateReplacePolicy',
];
/** Entries per section; quotas of the service. */
const quotas: Readonly<Record<string, number>> = { Resources: 500, Parameters: 200, Outputs: 200, Mappings: 200 };

interface Names {
  readonly parameters: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: readonly string[];
}

type Report = (path: Path, code: string, message: string, suggestion?: string) => void;

/** A section's entries, without those that a transform will replace. */
function entries(template: JsonObject, section: string): readonly (readonly [string, Json | undefined])[] {
  const value = template[section];
  return isObject(value) ? Object.entries(value).filter(([key]) => !key.startsWith('Fn::')) : [];
}

/** Whether macros rewrite the template before CloudFormation looks at it; then names may appear that are not in the file. */
export function hasTransform(template: JsonObject): boolean {
  return template['Transform'] !== undefined || contains(template, 'Fn::Transform');
}

function contains(value: Json | undefined, key: string): boolean {
  if (Array.isArray(value)) return value.some((item: Json) => contains(item, key));
  if (!isObject(value)) return false;
  return Object.entries(value).some(([name, member]) => name === key || contains(member, key));
}

/** Problems of a template that was read; none means only that AWS has the next word. */
export function checkTemplate(read: TemplateRead): readonly Problem[] {
  const template = read.template;
  if (template === undefined) return [];
  const problems: Problem[] = [];
  const report: Report = (path, code, message, suggestion) => {
    problems.push({ ...read.positionOf(path), code, message, ...(suggestion === undefined ? {} : { suggestion }) });
  };
  checkSections(template, report);
  checkResources(template, report);
  if (!hasTransform(template)) {
    const names: Names = {
      parameters: entries(template, 'Parameters').map(([name]) => name),
      resources: entries(template, 'Resources').map(([name]) => name),
      conditions: entries(template, 'Conditions').map(([name]) => name),
    };
    for (const section of ['Conditions', 'Resources', 'Outputs'])
      checkNames(template[section], [section], names, report);
    checkConditionNames(template, names, report);
  }
  return problems;
}

function checkSections(template: JsonObject, report: Report): void {
  for (const [name, value] of Object.entries(template)) {
    if (!sections.includes(name)) {
      report([name], 'TemplateUnknownSection', `a template has no section ${name}`, nearest(name, sections));
      continue;
    }
    const limit = quotas[name];
    if (limit !== undefined && value !== null && !isObject(value)) {
      report([name], 'TemplateShape', `${name} must be a mapping`);
    } else if (limit !== undefined && entries(template, name).length > limit) {
      report([name], 'TemplateTooLarge', `${name} has more than ${limit} entries, CloudFormation's limit`);
    }
  }
  const version = template['AWSTemplateFormatVersion'];
  if (version !== undefined && version !== '2010-09-09') {
    report(['AWSTemplateFormatVersion'], 'TemplateVersion', 'the only template format version is 2010-09-09');
  }
}

function checkResources(template: JsonObject, report: Report): void {
  const resources = template['Resources'];
  if (!isObject(resources) || Object.keys(resources).length === 0) {
    report(['Resources'], 'TemplateNoResources', 'a template needs at least one resource');
    return;
  }
  for (const [name, value] of entries(template, 'Resources')) {
    const path = ['Resources', name];
    if (!/^[A-Za-z0-9]{1,255}$/.test(name)) {
      report(path, 'TemplateName', `${name} is not a logical id: only letters and digits, at most 255`);
    }
    if (!isObject(value)) {
      report(path, 'TemplateShape', `${name} must be a mapping with a Type`);
      continue;
    }
    checkResource(name, value, path, report);
  }
}

function checkResource(name: string, resource: JsonObject, path: Path, report: Report): void {
  const type = resource['Type'];
  if (typeof type !== 'string') report(path, 'TemplateShape', `${name} has no Type`);
  else if (!/^\w+(::\w+){1,3}$/.test(type))
    report([...path, 'Type'], 'TemplateShape', `${type} is not a resource type`);
  const properties = resource['Properties'];
  if (properties !== undefined && properties !== null && !isObject(properties)) {
    report([...path, 'Properties'], 'TemplateShape', `Properties of ${name} must be a mapping`);
  }
  for (const key of Object.keys(resource)) {
    if (attributes.includes(key) || key.startsWith('Fn::') || key === 'Connectors') continue;
    report([...path, key], 'TemplateUnknownAttribute', `a resource has no attribute ${key}`, nearest(key, attributes));
  }
}

function checkConditionNames(template: JsonObject, names: Names, report: Report): void {
  for (const section of ['Resources', 'Outputs']) {
    for (const [name, entry] of entries(template, section)) {
      const condition = isObject(entry) ? entry['Condition'] : undefined;
      if (typeof condition !== 'string' || names.conditions.includes(condition)) continue;
      report(
        [section, name, 'Condition'],
        'TemplateUnresolved',
        `no condition ${condition}`,
        nearest(condition, names.conditions),
      );
    }
  }
  for (const [name, entry] of entries(template, 'Resources')) {
    const depends = isObject(entry) ? entry['DependsOn'] : undefined;
    for (const other of Array.isArray(depends) ? (depends as readonly Json[]) : [depends]) {
      if (typeof other !== 'string' || names.resources.includes(other)) continue;
      report(
        ['Resources', name, 'DependsOn'],
        'TemplateUnresolved',
        `no resource ${other}`,
        nearest(other, names.resources),
      );
    }
  }
}

/** Ref, GetAtt, Sub and If below `value` must name something. */
function checkNames(value: Json | undefined, path: Path, names: Names, report: Report): void {
  const call = asCall(value);
  if (call !== undefined) checkCall(call.name, call.argument, path, { names, report });
  if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly Json[]).entries()) checkNames(item, [...path, index], names, report);
  } else if (isObject(value)) {
    for (const [key, member] of Object.entries(value)) checkNames(member, [...path, key], names, report);
  }
}

function checkCall(
  name: string,
  argument: Json,
  path: Path,
  scope: { readonly names: Names; readonly report: Report },
): void {
  const { names, report } = scope;
  const known = [...names.parameters, ...names.resources, ...pseudoParameters];
  const missing = (what: string, from: readonly string[]): void =>
    report(path, 'TemplateUnresolved', `no parameter or resource ${what}`, nearest(what, from));
  if (name === 'Ref' && typeof argument === 'string' && !known.includes(argument)) missing(argument, known);
  if (name === 'Fn::GetAtt') {
    const resource = getAttParts(argument)?.resource;
    if (resource !== undefined && !names.resources.includes(resource)) {
      report(path, 'TemplateUnresolved', `no resource ${resource}`, nearest(resource, names.resources));
    }
  }
  if (name === 'Fn::Sub') {
    const parts = subParts(argument);
    for (const variable of parts === undefined ? [] : subNames(parts.text)) {
      if (Object.hasOwn(parts?.variables ?? {}, variable) || known.includes(variable)) continue;
      if (names.resources.includes(variable.split('.')[0] ?? '')) continue;
      missing(variable, known);
    }
  }
  const condition = name === 'Fn::If' && Array.isArray(argument) ? (argument as readonly Json[])[0] : undefined;
  const named = name === 'Condition' ? argument : condition;
  if (typeof named === 'string' && path[path.length - 1] !== 'Condition' && !names.conditions.includes(named)) {
    report(path, 'TemplateUnresolved', `no condition ${named}`, nearest(named, names.conditions));
  }
}

/** Parameters that the configuration gives against those the template declares. `at` is the place of the application's entry. */
export function checkParameters(
  template: JsonObject,
  given: Readonly<Record<string, string>>,
  at: { readonly file: string; readonly line: number; readonly column: number },
): readonly Problem[] {
  if (contains(template['Parameters'], 'Fn::Transform')) return [];
  const declared = new Map(entries(template, 'Parameters'));
  const problems: Problem[] = [];
  for (const name of Object.keys(given)) {
    if (declared.has(name)) continue;
    const suggestion = nearest(name, declared.keys());
    const message = `the template has no parameter ${name}`;
    problems.push({
      ...at,
      code: 'StackParameterUnknown',
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }
  for (const [name, declaration] of declared) {
    if (Object.hasOwn(given, name) || (isObject(declaration) && declaration['Default'] !== undefined)) continue;
    problems.push({ ...at, code: 'StackParameterMissing', message: `parameter ${name} has no default and no value` });
  }
  return problems;
}
