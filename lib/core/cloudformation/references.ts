// Files that a template names: nested stacks and includes. Local ones are inputs of the application.
import { isObject, type Json, type JsonObject } from '../json.ts';
import type { Path } from './template.ts';

export interface TemplateReference {
  readonly kind: 'nested-stack' | 'include' | 'code';
  /** As written: a path relative to the template, or a URL. */
  readonly location: string;
  readonly local: boolean;
  readonly path: Path;
}

/** Properties of resource types that name a file which `aws cloudformation package` would upload. */
const fileProperties: Readonly<Record<string, readonly string[]>> = {
  'AWS::CloudFormation::Stack': ['TemplateURL'],
  'AWS::Serverless::Application': ['Location'],
  'AWS::Serverless::Function': ['CodeUri'],
  'AWS::Serverless::LayerVersion': ['ContentUri'],
  'AWS::Serverless::Api': ['DefinitionUri'],
  'AWS::Serverless::StateMachine': ['DefinitionUri'],
  'AWS::Lambda::Function': ['Code'],
  'AWS::Lambda::LayerVersion': ['Content'],
};
const stackTypes = ['AWS::CloudFormation::Stack', 'AWS::Serverless::Application'];

/** Whether a location is a path in the repository, not a URL, bucket or document. */
export function isLocal(location: string): boolean {
  return location !== '' && !/^(?:[a-z][a-z0-9+.-]*:\/\/|ssm-doc:|arn:)/i.test(location);
}

/** Every file or URL the template names, in document order. Values that an intrinsic computes are not followed. */
export function templateReferences(template: JsonObject): readonly TemplateReference[] {
  const found: TemplateReference[] = [];
  const add = (kind: TemplateReference['kind'], location: Json | undefined, path: Path): void => {
    if (typeof location === 'string' && location !== '') found.push({ kind, location, local: isLocal(location), path });
  };
  const resources = isObject(template['Resources']) ? template['Resources'] : {};
  for (const [name, resource] of Object.entries(resources)) {
    const type = isObject(resource) && typeof resource['Type'] === 'string' ? resource['Type'] : '';
    const properties = isObject(resource) && isObject(resource['Properties']) ? resource['Properties'] : {};
    for (const property of Object.hasOwn(fileProperties, type) ? (fileProperties[type] ?? []) : []) {
      const kind = stackTypes.includes(type) ? 'nested-stack' : 'code';
      add(kind, properties[property], ['Resources', name, 'Properties', property]);
    }
  }
  includes(template, [], add);
  return found;
}

function includes(
  value: Json | undefined,
  path: Path,
  add: (kind: 'include', location: Json | undefined, path: Path) => void,
): void {
  if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly Json[]).entries()) includes(item, [...path, index], add);
    return;
  }
  if (!isObject(value)) return;
  const transform = value['Fn::Transform'] ?? (path.length === 0 ? value['Transform'] : undefined);
  const key = value['Fn::Transform'] === undefined ? 'Transform' : 'Fn::Transform';
  for (const one of Array.isArray(transform) ? (transform as readonly Json[]) : [transform]) {
    if (isObject(one) && one['Name'] === 'AWS::Include' && isObject(one['Parameters'])) {
      add('include', one['Parameters']['Location'], [...path, key, 'Parameters', 'Location']);
    }
  }
  for (const [name, member] of Object.entries(value)) includes(member, [...path, name], add);
}
