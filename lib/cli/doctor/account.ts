// `holdfast doctor` before a deployment: credentials, region, clock, bootstrap.
import { callerArn, clockOffset } from '../../adapters/aws/inspect.ts';
import { type AwsSession, describeStack, openSession } from '../../adapters/aws/stack-api.ts';
import { type Check, fail, failed, ok, warn } from './check.ts';

/** Signatures are refused beyond five minutes. */
const clockFailMs = 4 * 60_000;
const clockWarnMs = 30_000;
/** What the CDK of this version needs at least. */
const minBootstrap = 6;

/** The checks, and the session when there is one. */
export async function accountChecks(): Promise<{ readonly checks: readonly Check[]; readonly session?: AwsSession }> {
  let session: AwsSession;
  try {
    session = await openSession();
  } catch (error) {
    return { checks: [failed('AWS credentials', error)] };
  }
  const clock = await clockCheck(session.region);
  try {
    const arn = await callerArn(session);
    const checks = [ok('AWS credentials', arn), ok('AWS region', session.region), clock, await bootstrapCheck(session)];
    return { checks, session };
  } catch (error) {
    return { checks: [failed('AWS credentials', error), ok('AWS region', session.region), clock] };
  }
}

async function clockCheck(region: string): Promise<Check> {
  const offset = await clockOffset(region, Date.now);
  if (offset === undefined) return warn('clock', 'AWS was not reached to compare', 'Check the network and a proxy');
  const seconds = Math.round(Math.abs(offset) / 1000);
  const found = `${seconds} s ${offset > 0 ? 'ahead of' : 'behind'} AWS`;
  const next = 'Set the clock, e.g. sudo timedatectl set-ntp true';
  if (Math.abs(offset) > clockFailMs) return fail('clock', found, next);
  return Math.abs(offset) > clockWarnMs ? warn('clock', found, next) : ok('clock', found);
}

async function bootstrapCheck(session: AwsSession): Promise<Check> {
  const name = 'CDK bootstrap';
  try {
    const stack = await describeStack(session, 'CDKToolkit');
    if (stack === undefined) return warn(name, `not done in ${session.region}`, 'npx cdk bootstrap');
    const version = Number(stack.outputs['BootstrapVersion'] ?? 0);
    if (version === 0 || stack.status.endsWith('FAILED'))
      return fail(name, `stack CDKToolkit is ${stack.status}`, 'npx cdk bootstrap');
    return version < minBootstrap
      ? fail(name, `version ${version}, and ${minBootstrap} is needed`, 'npx cdk bootstrap')
      : ok(name, `version ${version}`);
  } catch (error) {
    return failed(name, error);
  }
}
