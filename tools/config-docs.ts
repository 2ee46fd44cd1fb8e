// The documentation of the config file, made from its schema: a JSON Schema for editors and a page of tables for people.
import { configCodes } from '../lib/core/config/problems.ts';
import { configJsonSchema } from '../lib/core/config/schema.ts';
import { isObject, type Json, type JsonObject } from '../lib/core/json.ts';

/** What is generated: path from the project's root -> content. */
export function configDocs(): Readonly<Record<string, string>> {
  const schema = configJsonSchema() as JsonObject;
  return {
    'docs/holdfast.schema.json': `${JSON.stringify(schema, undefined, 2)}\n`,
    'docs/configuration.md': configurationPage(schema),
  };
}

export interface Row {
  readonly key: string;
  readonly type: string;
  readonly fallback: string;
  readonly meaning: string;
}

function configurationPage(schema: JsonObject): string {
  const properties = members(schema);
  const target = at(properties['targets'], 'additionalProperties');
  const entry = at(properties['apps'], 'items');
  return `${[
    '# Configuration',
    '',
    '<!-- Made by `npm run gen` from lib/core/config; edit the schema there. -->',
    '',
    ...introduction,
    '## The file',
    '',
    ...table(Object.entries(properties).map(([key, value]) => row(key, value, isRequired(schema, key)))),
    '',
    '## `targets.NAME`',
    '',
    'Exactly one of `kubeconfig`, `eks`, `cloudformation` and `sandbox`.',
    '',
    ...table(rowsBelow(target, '')),
    '',
    '## `defaults`',
    '',
    'The keys `sync`, `prune`, `drift` and `conflicts` of an entry, with the same meaning, for every entry that does not say otherwise.',
    'What `prune` says here does not reach stacks.',
    '',
    '## `apps[]`',
    '',
    'An entry with `stack` is a CloudFormation stack; without it a Kubernetes application.',
    '',
    ...table(rowsBelow(entry, '')),
    '',
    '## Problems',
    '',
    'All problems of a file are told at once, as `file:line:column code message`. A problem outside `apps` refuses the commit: what was',
    'applied before stays in force. A problem inside an entry holds that entry, and the others go on. Held is not removed: nothing of a',
    'held application is deleted.',
    '',
    '| code | meaning |',
    '|---|---|',
    ...Object.entries(configCodes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`),
  ].join('\n')}\n`;
}

const introduction = [
  'Holdfast reads `holdfast.yaml` at the root of the repository, in the commit that it is about to apply. Begin the file with',
  '`# yaml-language-server: $schema=…/docs/holdfast.schema.json` and an editor that knows JSON Schema completes and checks it.',
  'Unknown keys are errors. The file is YAML 1.2: `yes` and `on` are text, not `true`.',
  '',
  '```yaml',
  'version: 1',
  'targets:',
  '  prod:  { eks: { cluster: prod, region: eu-west-1, roleArn: arn:aws:iam::111122223333:role/holdfast-prod } }',
  '  infra: { cloudformation: { region: eu-west-1, account: "111122223333" } }',
  '  dev:   { kubeconfig: { context: kind-dev } }',
  '  demo:  { sandbox: {} }                 # embedded, nothing needed',
  'defaults:',
  '  sync: { auto: true, prune: true, selfHeal: false }',
  '  drift: { every: 15m }',
  'apps:',
  '  - name: network                        # a stack: `path` is its template',
  '    path: stacks/network.yaml',
  '    target: infra',
  '    stack: { name: network, parameters: { Cidr: 10.0.0.0/16 }, capabilities: [CAPABILITY_IAM] }',
  '  - name: shop                           # kustomization.yaml, Chart.yaml or plain YAML: found by looking',
  '    path: apps/shop/overlays/prod',
  '    target: prod',
  '    namespace: shop',
  '    dependsOn: [network]',
  '    images:',
  '      - { repository: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop, policy: { semver: ^1.0 } }',
  '  - discover: teams/*/apps/*             # one application for each directory',
  '    target: prod',
  '```',
  '',
];

/** A Markdown table of keys. */
export function table(rows: readonly Row[]): readonly string[] {
  return [
    '| key | type | default | meaning |',
    '|---|---|---|---|',
    ...rows.map(({ key, type, fallback, meaning }) => `| \`${key}\` | ${type} | ${fallback} | ${meaning} |`),
  ];
}

/** Rows of all members below a schema, with their whole path. */
export function rowsBelow(schema: Json | undefined, prefix: string): readonly Row[] {
  return Object.entries(members(schema)).flatMap(([key, value]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    const own = row(path, value, isRequired(schema, key));
    // The same keys in a second place; they are explained in the first.
    if (path === 'sync.prune')
      return [{ ...own, meaning: 'The same as `prune` below; stands in one of the two places.' }];
    return [own, ...rowsBelow(value, path), ...rowsBelow(at(value, 'items'), `${path}[]`)];
  });
}

function row(key: string, schema: Json | undefined, required: boolean): Row {
  const fallback = at(schema, 'default');
  return {
    key,
    type: typeText(schema),
    fallback: fallback === undefined ? (required ? 'required' : '') : `\`${JSON.stringify(fallback)}\``,
    meaning: escape(textAt(schema, 'description')),
  };
}

/** Members of a mapping, also where the schema allows something else in its place. */
function members(schema: Json | undefined): JsonObject {
  const own = at(schema, 'properties');
  if (isObject(own)) return own;
  const choice = choices(schema).find((one) => isObject(at(one, 'properties')));
  return choice === undefined ? {} : members(choice);
}

function choices(schema: Json | undefined): readonly Json[] {
  const any = at(schema, 'anyOf');
  return Array.isArray(any) ? (any as readonly Json[]) : [];
}

function isRequired(schema: Json | undefined, key: string): boolean {
  const required = at(schema, 'required') ?? choices(schema).map((one) => at(one, 'required') ?? null)[0];
  return Array.isArray(required) && required.includes(key);
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: 'true or false',
  object: 'mapping',
};

function typeText(schema: Json | undefined): string {
  const any = choices(schema);
  if (any.length > 0) return [...new Set(any.map((one) => typeText(one)))].join(', or ');
  const values = at(schema, 'enum');
  if (Array.isArray(values)) return values.map((value) => `\`${String(value)}\``).join(', ');
  const fixed = at(schema, 'const');
  if (fixed !== undefined) return `\`${JSON.stringify(fixed)}\``;
  const type = textAt(schema, 'type');
  if (type === 'array') return `list of ${typeText(at(schema, 'items'))}`;
  return typeWords[type] ?? 'anything';
}

function at(schema: Json | undefined, key: string): Json | undefined {
  return isObject(schema) ? schema[key] : undefined;
}

function textAt(schema: Json | undefined, key: string): string {
  const value = at(schema, key);
  return typeof value === 'string' ? value : '';
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|');
}
