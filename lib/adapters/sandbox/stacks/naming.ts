// Physical ids and attributes of resources, filled in from the patterns of the type table.
import { createHash, randomBytes } from 'node:crypto';
import type { Json, JsonObject } from '../../../core/json.ts';
import type { TypeSpec } from './types.ts';

/** Where the sandbox pretends to be. */
export interface Place {
  readonly region: string;
  readonly account: string;
}

export interface Naming {
  readonly place: Place;
  readonly stackName: string;
  readonly logicalId: string;
  readonly properties: JsonObject;
  /** Physical ids of the same type that are taken; revisions count on from them. */
  readonly taken: readonly string[];
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

function randomText(length: number): string {
  return [...randomBytes(length)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

function partition(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

function fill(pattern: string, values: Readonly<Record<string, string>>, properties: JsonObject): string {
  return pattern.replace(/\{([A-Za-z:0-9-]+)\}/g, (whole, key: string) => {
    if (!key.startsWith('prop:')) return values[key] ?? whole;
    const value = properties[key.slice(5)];
    return typeof value === 'object' ? JSON.stringify(value) : String(value ?? '');
  });
}

function placeValues(place: Place): Readonly<Record<string, string>> {
  const suffix = place.region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return { region: place.region, account: place.account, partition: partition(place.region), suffix };
}

/** A new physical id. */
export function newPhysicalId(spec: TypeSpec, naming: Naming): string {
  const { stackName, logicalId, properties } = naming;
  const random = randomText(12);
  const given = spec.nameProperty === undefined ? undefined : properties[spec.nameProperty];
  const family = properties['Family'];
  const values = {
    ...placeValues(naming.place),
    stack: stackName,
    logical: logicalId,
    'stack-lower': stackName.toLowerCase(),
    'logical-lower': logicalId.toLowerCase(),
    RANDOM: random,
    random: random.toLowerCase(),
    hex17: randomBytes(9).toString('hex').slice(0, 17),
    family: typeof family === 'string' ? family : `${stackName}${logicalId}${random.slice(0, 8)}`,
    revision: '{revision}',
  };
  const name = typeof given === 'string' ? given : fill(spec.generatedName, values, properties);
  const id = fill(spec.physicalId, { ...values, name }, properties);
  return id.endsWith('{revision}') ? nextRevision(id.slice(0, -'{revision}'.length), naming.taken) : id;
}

/** The id with a revision one higher than any that exists. */
function nextRevision(family: string, taken: readonly string[]): string {
  const revisions = taken.filter((id) => id.startsWith(family)).map((id) => Number(id.slice(family.length)));
  return `${family}${Math.max(0, ...revisions.filter(Number.isInteger)) + 1}`;
}

/** The name inside a physical id: after the last `/`, or after the last `:` of an ARN. */
function nameIn(physicalId: string): string {
  if (/^https?:/.test(physicalId)) return physicalId.slice(physicalId.lastIndexOf('/') + 1);
  if (!physicalId.startsWith('arn:')) return physicalId;
  const resource = physicalId.split(':').slice(5).join(':');
  return resource.slice(resource.lastIndexOf('/') + 1);
}

/** What `Fn::GetAtt` answers, or undefined when the type has no such attribute. */
export function attributeOf(
  spec: TypeSpec,
  physicalId: string,
  attribute: string,
  where: { readonly place: Place; readonly properties: JsonObject },
): Json | undefined {
  const pattern = spec.attributes[attribute];
  if (pattern === undefined) return undefined;
  const digest = createHash('sha256').update(physicalId).digest('hex').slice(0, 17);
  const values = {
    ...placeValues(where.place),
    id: physicalId,
    name: nameIn(physicalId),
    hash17: digest,
    HASH17: digest.toUpperCase(),
  };
  return fill(pattern, values, where.properties);
}

/** Values of the pseudo parameters. */
export function pseudoValues(
  place: Place,
  stack: { readonly id: string; readonly name: string },
): Readonly<Record<string, Json>> {
  const { partition: part, suffix } = placeValues(place);
  return {
    'AWS::AccountId': place.account,
    'AWS::NotificationARNs': [],
    'AWS::Partition': part ?? 'aws',
    'AWS::Region': place.region,
    'AWS::StackId': stack.id,
    'AWS::StackName': stack.name,
    'AWS::URLSuffix': suffix ?? 'amazonaws.com',
  };
}
