// Killed at any moment and started again, the sandbox's stacks go on where they were.
import { CloudFormation } from '@aws-sdk/client-cloudformation';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { liveResource } from '../../../../lib/runtime/sandbox-stacks.ts';
import { eventually } from '../../../support/eventually.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const names = ['A', 'B', 'C', 'D', 'E', 'F'];
const template = (value: string, last: string) =>
  `Resources:\n${names
    .map((name, index) => {
      const depends = index === 0 ? '' : `, DependsOn: ${names[index - 1]!}`;
      const own = name === 'F' ? last : value;
      return `  ${name}: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: ${own}}${depends}}`;
    })
    .join('\n')}\n`;

const serveScript = fileURLToPath(new URL('../../../support/stacks/serve.ts', import.meta.url));

async function serve(
  dataDir: string,
): Promise<{ readonly child: ChildProcess; readonly endpoint: string; readonly aws: CloudFormation }> {
  const child = spawn(process.execPath, [serveScript, dataDir, '20'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const endpoint = line.toString().trim();
  return { child, endpoint, aws: new CloudFormation({ endpoint, region: 'eu-west-1', credentials }) };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

test('a create and an update that rolls back survive kills at odd moments', { timeout: 30_000 }, async () => {
  const dataDir = tempDir();
  let now = await serve(dataDir);
  onTestFinished(() => void now.child.kill('SIGKILL'));
  const deploy = async (
    ChangeSetName: string,
    ChangeSetType: 'CREATE' | 'UPDATE',
    TemplateBody: string,
    kills: readonly number[],
  ) => {
    await now.aws.createChangeSet({ StackName: 's', ChangeSetName, ChangeSetType, TemplateBody });
    await kill(now.child);
    now = await serve(dataDir);
    await eventually(
      async () => (await now.aws.describeChangeSet({ StackName: 's', ChangeSetName })).Status === 'CREATE_COMPLETE',
    );
    await now.aws.executeChangeSet({ StackName: 's', ChangeSetName, ClientRequestToken: ChangeSetName });
    for (const after of kills) {
      // The moment of the kill is the point here: it is no wait for a condition.
      await pause(after);
      await kill(now.child);
      now = await serve(dataDir);
    }
    // It goes on by itself, not because somebody asks how it stands.
    const last = () => liveResource(now.endpoint, 's', 'F');
    await eventually(async () => (ChangeSetType === 'CREATE' ? (await last()) !== undefined : true));
    return await eventually(
      async () => {
        const { Stacks } = await now.aws.describeStacks({ StackName: 's' });
        const status = Stacks?.[0]?.StackStatus;
        return status?.endsWith('_IN_PROGRESS') === true ? undefined : status;
      },
      { within: 15_000 },
    );
  };
  const eventsOf = async (token: string) =>
    ((await now.aws.describeStackEvents({ StackName: 's' })).StackEvents ?? [])
      .filter((event) => event.ClientRequestToken === token && event.LogicalResourceId !== 's')
      .toReversed()
      .map((event) => `${event.LogicalResourceId} ${event.ResourceStatus} ${event.ResourceStatusReason ?? ''}`.trim());

  expect(await deploy('one', 'CREATE', template('30', '30'), [7, 33, 61])).toBe('CREATE_COMPLETE');
  // Nothing was done twice and nothing was left out.
  expect(await eventsOf('one')).toEqual(
    names.flatMap((name) => [
      `${name} CREATE_IN_PROGRESS`,
      `${name} CREATE_IN_PROGRESS Resource creation Initiated`,
      `${name} CREATE_COMPLETE`,
    ]),
  );
  expect(await deploy('two', 'UPDATE', template('31', '99999'), [45, 90])).toBe('UPDATE_ROLLBACK_COMPLETE');
  const { StackDriftDetectionId } = await now.aws.detectStackDrift({ StackName: 's' });
  const detection = await eventually(async () => {
    const status = await now.aws.describeStackDriftDetectionStatus({ StackDriftDetectionId });
    return status.DetectionStatus === 'DETECTION_COMPLETE' ? status : undefined;
  });
  expect(detection.StackDriftStatus).toBe('IN_SYNC');
  await kill(now.child);
});
