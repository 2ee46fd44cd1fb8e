// What a function may do: statements of policies in one form, with the reason where a resource has to hold `*`.
import { Aws, Stack } from 'aws-cdk-lib';
import { Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { acknowledge } from './acknowledge.ts';

export interface Right {
  readonly statement: PolicyStatement;
  /** Why a resource holds `*`. */
  readonly reason: string | undefined;
}

export interface AllowOptions {
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly reason?: string;
}

/** Allows actions on resources. The id names the purpose, so that a policy can be read. */
export function allow(
  sid: string,
  actions: readonly string[],
  resources: readonly string[],
  { conditions, reason }: AllowOptions = {},
): Right {
  const statement = new PolicyStatement({
    sid,
    effect: Effect.ALLOW,
    actions: [...actions],
    resources: [...resources],
    ...(conditions === undefined ? {} : { conditions }),
  });
  return { statement, reason };
}

/** ARN of something in this partition; region and account are those of the stack when absent. */
export function arnOf(
  service: string,
  resource: string,
  region: string = Aws.REGION,
  account: string = Aws.ACCOUNT_ID,
): string {
  return `arn:${Aws.PARTITION}:${service}:${region}:${account}:${resource}`;
}

/** Accepts the rule packs' findings about `*` in the resources of exactly those rights that give a reason. */
export function acknowledgeBroad(role: IRole, rights: readonly Right[]): void {
  for (const { statement, reason } of rights) {
    if (reason === undefined) continue;
    if (statement.resources.includes('*')) acknowledge(role, { 'Serverless-LambdaStarPermissions': reason });
    const ids = statement.resources.map((resource) => finding(role, resource)).filter((id) => id.includes('*'));
    acknowledge(role, Object.fromEntries(ids.map((id) => [id, reason])));
  }
}

/** How the rule pack names a resource: references in angle brackets. */
function finding(role: IRole, resource: string): string {
  return `AwsSolutions-IAM5[Resource::${flat(Stack.of(role).resolve(resource))}]`;
}

function flat(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const { Ref: ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Readonly<Record<string, unknown>>;
  if (typeof ref === 'string') return `<${ref}>`;
  if (Array.isArray(attribute)) return `<${attribute.map(String).join('.')}>`;
  const parts: unknown = Array.isArray(join) ? join[1] : [];
  return Array.isArray(parts) ? parts.map(flat).join('') : '';
}
