// Statements of policies, in one form: what is allowed, on what, under which condition.
import { Aws } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';

/** Allows actions on resources. The id names the purpose, so that a policy can be read. */
export function allow(
  sid: string,
  actions: readonly string[],
  resources: readonly string[],
  conditions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): PolicyStatement {
  return new PolicyStatement({
    sid,
    effect: Effect.ALLOW,
    actions: [...actions],
    resources: [...resources],
    ...(conditions === undefined ? {} : { conditions }),
  });
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
