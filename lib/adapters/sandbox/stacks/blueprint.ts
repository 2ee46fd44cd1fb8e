// A template made ready to deploy: read, its parameters filled in, its names checked with the real service's words.
import { checkTemplate, hasTransform } from '../../../core/cloudformation/check.ts';
import { asCall, getAttParts, subNames, subParts } from '../../../core/cloudformation/intrinsics.ts';
import { readTemplate, utf8Length } from '../../../core/cloudformation/template.ts';
import { isObject, type Json, type JsonObject } from '../../../core/json.ts';
import { pseudoValues, type Place } from './naming.ts';
import { invalid, refusal } from './protocol.ts';
import type { Deployment } from './records.ts';
import { evaluateCondition, type Scope } from './resolve.ts';
import { typeSpec } from './types.ts';
import { shown } from './text.ts';

const maxBodyBytes = 51_200;

/** One resource as the template declares it, functions unresolved. */
export interface ResourcePlan {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: JsonObject;
  readonly metadata: Json | undefined;
  readonly deletionPolicy: string | undefined;
  /** Logical ids this one needs: DependsOn and references. */
  readonly dependsOn: readonly string[];
}

export interface Blueprint {
  readonly description: string | undefined;
  /** Resources whose condition holds, in template order. */
  readonly resources: ReadonlyMap<string, ResourcePlan>;
  readonly outputs: JsonObject;
  readonly parameters: JsonObject;
  /** Names of NoEcho parameters. */
  readonly noEcho: readonly string[];
  readonly transforms: readonly string[];
  /** Values of parameters, conditions and mappings; `ref` and `attribute` know nothing yet. */
  readonly scope: Scope;
}

/** What a blueprint is made for. */
export interface BlueprintContext {
  readonly place: Place;
  readonly stack: { readonly id: string; readonly name: string };
  readonly importValue: (name: string) => string;
}

export function section(template: JsonObject, name: string): JsonObject {
  const value = template[name];
  return isObject(value) ? value : {};
}

/** The template of a body. Throws the service's `Template format error`s. */
export function parseBody(body: string): JsonObject {
  if (utf8Length(body) > maxBodyBytes) {
    throw invalid(
      `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${maxBodyBytes}`,
    );
  }
  const read = readTemplate('template', body);
  const problem = read.problems[0];
  if (problem !== undefined || read.template === undefined) {
    const format = body.trimStart().startsWith('{') ? 'JSON' : 'YAML';
    const message =
      problem === undefined ? '' : ` (line ${problem.line}, column ${problem.column}): ${problem.message}`;
    throw invalid(`Template format error: ${format} not well-formed.${message}`);
  }
  return read.template;
}

/** Shape errors that the real service reports before anything else. */
function checkShape(template: JsonObject, body: string): void {
  const resources = section(template, 'Resources');
  if (Object.keys(resources).length === 0) {
    throw invalid('Template format error: At least one Resources member must be defined.');
  }
  const unknown = checkTemplate(readTemplate('template', body)).find((one) => one.code === 'TemplateUnknownSection');
  if (unknown !== undefined) {
    const known = unknown.message.slice(unknown.message.lastIndexOf(' ') + 1);
    throw invalid(`Invalid template property or properties [${known}]`);
  }
  for (const [name, resource] of Object.entries(resources)) {
    if (!isObject(resource)) throw invalid('Template format error: [/Resources] resource definition is malformed');
    if (typeof resource['Type'] !== 'string') {
      throw invalid(`Template format error: [/Resources/${name}] Every Resources object must contain a Type member.`);
    }
  }
  const types = Object.values(resources).flatMap((one) =>
    isObject(one) && typeof one['Type'] === 'string' ? [one['Type']] : [],
  );
  const foreign = [...new Set(types.filter((type) => typeSpec(type) === undefined))];
  if (foreign.length > 0) throw invalid(`Template format error: Unrecognized resource types: [${foreign.join(', ')}]`);
}

/** Names that a value refers to and that are resources of the template. */
function referencesIn(value: Json | undefined, found: Set<string>): void {
  const call = asCall(value);
  if (call?.name === 'Ref' && typeof call.argument === 'string') found.add(call.argument);
  if (call?.name === 'Fn::GetAtt') found.add(getAttParts(call.argument)?.resource ?? '');
  const sub = call?.name === 'Fn::Sub' ? subParts(call.argument) : undefined;
  for (const name of sub === undefined ? [] : subNames(sub.text)) {
    if (!Object.hasOwn(sub?.variables ?? {}, name)) found.add(name.includes('::') ? name : (name.split('.')[0] ?? ''));
  }
  if (Array.isArray(value)) for (const item of value as readonly Json[]) referencesIn(item, found);
  else if (isObject(value)) for (const member of Object.values(value)) referencesIn(member, found);
}

function checkReferences(template: JsonObject, values: Readonly<Record<string, Json>>): void {
  const resources = section(template, 'Resources');
  const known = new Set([...Object.keys(resources), ...Object.keys(values), 'AWS::NoValue']);
  for (const block of ['Resources', 'Outputs']) {
    const found = new Set<string>();
    referencesIn(template[block], found);
    for (const resource of Object.values(block === 'Resources' ? resources : {})) {
      const depends = isObject(resource) ? resource['DependsOn'] : undefined;
      for (const one of Array.isArray(depends) ? (depends as readonly Json[]) : [depends]) {
        if (typeof one === 'string') found.add(one);
      }
    }
    const missing = [...found].filter((name) => !known.has(name)).sort();
    if (missing.length > 0) {
      throw invalid(
        `Template format error: Unresolved resource dependencies [${missing.join(', ')}] in the ${block} block of the template`,
      );
    }
  }
}

function parameterText(declaration: JsonObject, name: string, value: string): Json {
  const allowed = declaration['AllowedValues'];
  if (Array.isArray(allowed) && !allowed.some((one: Json) => shown(one) === value)) {
    throw invalid(`Parameter '${name}' must be one of AllowedValues`);
  }
  const pattern = declaration['AllowedPattern'];
  if (typeof pattern === 'string' && !new RegExp(`^(?:${pattern})$`).test(value)) {
    const described = declaration['ConstraintDescription'];
    throw invalid(
      typeof described === 'string'
        ? `Parameter ${name} failed to satisfy constraint: ${described}`
        : `Parameter '${name}' must match pattern ${pattern}`,
    );
  }
  const type = declaration['Type'];
  if (type === 'Number' && !/^[-+]?\d+(\.\d+)?$/.test(value)) throw invalid(`Parameter '${name}' must be a number`);
  const minimum = Number(declaration['MinLength'] ?? 0);
  if (value.length < minimum) throw invalid(`Parameter '${name}' must contain at least ${minimum} characters`);
  const isList = type === 'CommaDelimitedList' || shown(type).startsWith('List<');
  return isList ? value.split(',').map((item) => item.trim()) : value;
}

function parameterValues(declared: JsonObject, given: Readonly<Record<string, string>>): Record<string, Json> {
  const strange = Object.keys(given).filter((name) => !Object.hasOwn(declared, name));
  if (strange.length > 0) throw invalid(`Parameters: [${strange.join(', ')}] do not exist in the template`);
  const values: Record<string, Json> = {};
  const missing: string[] = [];
  for (const [name, declaration] of Object.entries(declared)) {
    if (!isObject(declaration)) continue;
    const value = given[name] ?? declaration['Default'];
    if (value === undefined) missing.push(name);
    else values[name] = parameterText(declaration, name, shown(value));
  }
  if (missing.length > 0) throw invalid(`Parameters: [${missing.join(', ')}] must have values`);
  return values;
}

function checkCapabilities(template: JsonObject, capabilities: readonly string[]): void {
  const needed = neededCapability(template);
  if (needed === undefined || capabilities.includes('CAPABILITY_NAMED_IAM')) return;
  if (needed === 'CAPABILITY_IAM' && capabilities.includes('CAPABILITY_IAM')) return;
  throw refusal('InsufficientCapabilitiesException', `Requires capabilities : [${needed}]`);
}

/** The capability that the template's IAM resources ask for. */
export function neededCapability(template: JsonObject): string | undefined {
  const roles = Object.values(section(template, 'Resources')).filter(
    (one) => isObject(one) && typeof one['Type'] === 'string' && one['Type'].startsWith('AWS::IAM::'),
  );
  if (roles.length === 0) return undefined;
  const named = roles.some(
    (one) => isObject(one) && isObject(one['Properties']) && one['Properties']['RoleName'] !== undefined,
  );
  return named ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM';
}

function checkCircles(resources: ReadonlyMap<string, ResourcePlan>): void {
  const done = new Set<string>();
  let rest = [...resources.values()];
  while (rest.length > 0) {
    const next = rest.filter((one) => one.dependsOn.some((name) => !done.has(name)));
    if (next.length === rest.length) {
      throw invalid(`Circular dependency between resources: [${next.map((one) => one.logicalId).join(', ')}]`);
    }
    for (const one of rest) if (!next.includes(one)) done.add(one.logicalId);
    rest = next;
  }
}

function resourcePlans(template: JsonObject, conditions: Readonly<Record<string, boolean>>): Map<string, ResourcePlan> {
  const entries = Object.entries(section(template, 'Resources')).filter(([, one]) => {
    const condition = isObject(one) ? one['Condition'] : undefined;
    return typeof condition !== 'string' || conditions[condition] === true;
  });
  const names = new Set(entries.map(([name]) => name));
  const plans = new Map<string, ResourcePlan>();
  for (const [logicalId, resource] of entries) {
    if (!isObject(resource)) continue;
    const found = new Set<string>();
    referencesIn(resource['Properties'], found);
    const depends = resource['DependsOn'];
    for (const one of Array.isArray(depends) ? (depends as readonly Json[]) : [depends]) {
      if (typeof one === 'string') found.add(one);
    }
    const policy = resource['DeletionPolicy'];
    plans.set(logicalId, {
      logicalId,
      type: shown(resource['Type']),
      properties: isObject(resource['Properties']) ? resource['Properties'] : {},
      metadata: resource['Metadata'],
      deletionPolicy: typeof policy === 'string' ? policy : undefined,
      dependsOn: [...found].filter((name) => names.has(name) && name !== logicalId).sort(),
    });
  }
  return plans;
}

/** Transforms at the top of the template. */
export function transformsOf(template: JsonObject): readonly string[] {
  const declared = template['Transform'];
  const all = Array.isArray(declared) ? (declared as readonly Json[]) : [declared];
  return all.filter((one) => typeof one === 'string');
}

/** Everything that is checked before a change set exists. Throws `ValidationError` and friends. */
export function blueprint(deployment: Deployment, context: BlueprintContext): Blueprint {
  const template = parseBody(deployment.body);
  checkShape(template, deployment.body);
  const transforms = transformsOf(template);
  const foreign = transforms.find((name) => name !== 'AWS::LanguageExtensions');
  if (foreign !== undefined) throw invalid(`No transform named ${foreign} found.`);
  if (transforms.length === 0 && hasTransform(template)) throw invalid('The sandbox does not know Fn::Transform');
  const parameters = section(template, 'Parameters');
  const pseudo = pseudoValues(context.place, context.stack);
  const values = { ...parameterValues(parameters, deployment.parameters), ...pseudo };
  checkReferences(template, values);
  checkCapabilities(template, deployment.capabilities);
  const nothing = { ref: () => undefined, attribute: () => undefined, importValue: context.importValue };
  const base: Scope = { values, mappings: section(template, 'Mappings'), conditions: {}, ...nothing };
  const declared = section(template, 'Conditions');
  const conditions = Object.fromEntries(
    Object.keys(declared).map((name) => [name, evaluateCondition(declared[name], declared, base)]),
  );
  const resources = resourcePlans(template, conditions);
  checkCircles(resources);
  const description = template['Description'];
  return {
    description: typeof description === 'string' ? description : undefined,
    resources,
    outputs: Object.fromEntries(
      Object.entries(section(template, 'Outputs')).filter(([, one]) => {
        const condition = isObject(one) ? one['Condition'] : undefined;
        return typeof condition !== 'string' || conditions[condition] === true;
      }),
    ),
    parameters,
    noEcho: Object.entries(parameters).flatMap(([name, one]) =>
      isObject(one) && (one['NoEcho'] === true || one['NoEcho'] === 'true') ? [name] : [],
    ),
    transforms,
    scope: { ...base, conditions },
  };
}
