// `holdfast doctor`: whether the targets of the `holdfast.yaml` here are reached, as far as the caller can tell.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { assumeRole } from '../../adapters/aws/assume-role.ts';
import type { AwsSession, InstallationStack } from '../../adapters/aws/stack-api.ts';
import { createKubeClient } from '../../adapters/kube/client.ts';
import { connectEks } from '../../adapters/kube/eks.ts';
import type { CloudFormationTarget, EksTarget, TargetSpec } from '../../core/config/model.ts';
import { asFailure } from '../../core/errors.ts';
import { openRepository } from '../../runtime/open.ts';
import { catalogueOf, configFile } from '../../runtime/sources.ts';
import { openOptions } from '../flags.ts';
import { type Check, fail, failed, ok, warn } from './check.ts';

/** One or two lines for each target on AWS. */
export async function targetChecks(session: AwsSession, stack: InstallationStack): Promise<readonly Check[]> {
  if (!existsSync(path.resolve(configFile)))
    return [warn('targets', `not checked: no ${configFile} here`, 'Run it in a clone of the root repository')];
  try {
    const checks: Check[] = [];
    for (const target of await declared()) {
      if (target.kind !== 'eks' && target.kind !== 'cloudformation') continue;
      if (target.roleArn !== undefined) checks.push(await roleCheck(session, stack, target, target.roleArn));
      if (target.kind === 'eks') checks.push(await clusterCheck(session, target));
    }
    return checks;
  } catch (error) {
    return [failed('targets', error)];
  }
}

async function declared(): Promise<readonly TargetSpec[]> {
  const opened = await openRepository(openOptions({}, { worktree: true, readOnly: true, memory: true }));
  try {
    const result = await catalogueOf(opened.tree, opened.home.root.alias);
    return result.kind === 'refused' ? [] : Object.values(result.catalogue.targets);
  } finally {
    await opened.close();
  }
}

/** A target's role trusts the reconcile role alone, as it should: then only `status` can show whether it works. */
async function roleCheck(
  session: AwsSession,
  stack: InstallationStack,
  target: EksTarget | CloudFormationTarget,
  roleArn: string,
): Promise<Check> {
  const name = `role of target ${target.name}`;
  const installation = stack.outputs['Installation'] ?? '';
  try {
    const provider = assumeRole({
      roleArn,
      region: target.region,
      sessionName: `holdfast-${installation}`,
      externalId: `holdfast:${installation}`,
      tags: { 'holdfast:installation': installation, 'holdfast:target': target.name },
      from: session.credentials,
    });
    await provider();
    return ok(name, `${roleArn} can be assumed, by you too`);
  } catch (error) {
    const { message, reason } = asFailure(error);
    const role = stack.outputs['ReconcileRoleArn'] ?? 'the reconcile role';
    if (/denied|not authorized|refus|may not|assume/i.test(`${message} ${reason ?? ''}`))
      return warn(
        name,
        `cannot be tested as you: it may trust ${role} alone`,
        'holdfast status shows what reconcile met',
      );
    return failed(name, error);
  }
}

async function clusterCheck(session: AwsSession, target: EksTarget): Promise<Check> {
  const name = `cluster of target ${target.name}`;
  try {
    const connection = await connectEks({
      cluster: target.cluster,
      region: target.region,
      credentials: session.credentials,
    });
    const client = createKubeClient(connection);
    try {
      return ok(name, `${target.cluster} runs ${(await client.version()).gitVersion}, asked as you`);
    } finally {
      client.close();
    }
  } catch (error) {
    const failure = asFailure(error);
    if (failure.code === 'Unauthorized' || failure.code === 'Forbidden')
      return warn(
        name,
        `${target.cluster} answers, and does not know you`,
        `holdfast target add ${target.name} prints the access that reconcile needs`,
      );
    if (target.roleArn !== undefined && /^(?:AwsForbidden|ClusterMissing)$/.test(failure.code))
      return warn(name, `cannot be tested as you: ${failure.message}`, 'holdfast status shows what reconcile met');
    return fail(name, failure.message, failure.next);
  }
}
