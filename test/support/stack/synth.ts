// Synthesizes the stack without bundling: the code of every function is one small file.
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Settings } from '../../../lib/stack/settings.ts';
import { HoldfastStack } from '../../../lib/stack/stack.ts';

const codeDirectory = join(import.meta.dirname, '../../fixtures/stack/function');

/** A resource of a template, as far as tests look into it. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface TemplateJson {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** The stack of these settings, not synthesized yet, alone in its app. */
export function stackOf(
  settings: Settings = {},
  { stackName = 'Holdfast', validate = false } = {},
): { readonly app: App; readonly stack: HoldfastStack } {
  // The CDK's own validation takes longer than all the rest; one test has it.
  const app = new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: validate,
    context: { '@aws-cdk/core:validateAgainstDefaultRules': true },
  });
  return {
    app,
    stack: new HoldfastStack(app, stackName, { holdfast: { ...settings, code: () => Code.fromAsset(codeDirectory) } }),
  };
}

/** The template of a stack. */
export function templateOf(stack: Stack): TemplateJson {
  return Template.fromStack(stack).toJSON() as TemplateJson;
}

/** The template of these settings. */
export function templateFor(settings: Settings = {}): TemplateJson {
  return templateOf(stackOf(settings).stack);
}

/** Resources of a type. */
export const ofType = (template: TemplateJson, type: string): readonly (readonly [id: string, Resource])[] =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
/** Logical id of the first resource of a type whose id holds `part`. */
export const idOf = (template: TemplateJson, type: string, part: string): string =>
  ofType(template, type).find(([id]) => id.includes(part))?.[0] ?? `no ${type} with ${part}`;

/** Settings with everything on. */
export const everything: Settings = {
  prefix: 'team-a',
  root: {
    url: 'https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/root',
    branch: 'main',
    host: 'codecommit',
    secretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:own-AbCdEf',
  },
  targetRoles: ['arn:aws:iam::444455556666:role/holdfast-prod'],
  clusters: [{ name: 'prod' }, { name: 'far', region: 'us-east-1', account: '444455556666' }],
  vpc: {
    id: 'vpc-0123456789abcdef0',
    subnets: ['subnet-0a', 'subnet-0b'],
    routeTables: ['rtb-0a'],
    interfaceEndpoints: true,
  },
  driftEvery: '1h',
  logLevel: 'DEBUG',
  logRetentionDays: 90,
  permissionsBoundary: 'arn:aws:iam::111122223333:policy/boundary',
  eventAccounts: ['444455556666'],
  encryptionKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef',
  webhookReservedConcurrency: 5,
  alarmEmail: 'ops@example.com',
  codecommitRepositories: ['arn:aws:codecommit:eu-west-1:111122223333:root'],
  connections: ['arn:aws:codeconnections:eu-west-1:111122223333:connection/01234567-89ab-cdef-0123-456789abcdef'],
  imageRepositories: ['arn:aws:ecr:eu-west-1:111122223333:repository/shop'],
  concurrency: { source: 2, reconcile: 3 },
};
