// The sandbox's stacks, a target on them and a bare SDK client, for the tests of one file.
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
} from '@aws-sdk/client-cloudformation';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCloudFormationTarget } from '../../../lib/adapters/cloudformation/target.ts';
import { type SandboxStacks, startSandboxStacks } from '../../../lib/adapters/sandbox/stacks/server.ts';
import type { Failure } from '../../../lib/core/errors.ts';
import type { Target } from '../../../lib/core/plan/target.ts';
import { eventually } from '../eventually.ts';
import { application, StackApp, type StepFailed } from './run-target.ts';

/** A queue and a parameter that names it. */
export const queueTemplate = (timeout: number | string): string => `Parameters:
  Stage: {Type: String, Default: dev}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: ${timeout}}
  Note:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !Sub "\${Stage} \${Queue.Arn}"}
`;

/** The cause of a step that must fail. */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown as StepFailed,
  );
  if (error === undefined) throw new TypeError('the step did not fail');
  return error.cause;
}

export interface StackWorld {
  readonly stacks: SandboxStacks;
  readonly target: Target;
  /** An application of the same name as its stack. */
  app(name: string): StackApp;
  /** Status of a stack as the service tells it. */
  status(name: string): Promise<string | undefined>;
  isGone(name: string): Promise<boolean>;
  /** Live properties of a resource. */
  live(name: string, resource: string): Readonly<Record<string, unknown>> | undefined;
  /** Another tool deploys a stack. */
  deployByHand(
    name: string,
    body: string,
    type: 'CREATE' | 'UPDATE',
    tags?: Readonly<Record<string, string>>,
  ): Promise<void>;
  close(): Promise<void>;
}

/** Starts everything. */
export async function openStackWorld(): Promise<StackWorld> {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  const stacks = await startSandboxStacks({ dataDir, stepMs: 10 });
  const { endpoint, region } = stacks;
  const target = createCloudFormationTarget({ name: 'demo', region, endpoint, sandbox: true });
  const aws = new CloudFormationClient({ endpoint, region, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
  const status = async (name: string): Promise<string | undefined> => {
    const { Stacks } = await aws.send(new DescribeStacksCommand({ StackName: name }));
    return Stacks?.[0]?.StackStatus;
  };
  return {
    stacks,
    target,
    status,
    app: (name) => new StackApp(target, application({ name })),
    isGone: async (name) =>
      await status(name).then(
        () => false,
        () => true,
      ),
    live: (name, resource) =>
      stacks.liveResource(name, resource)?.['properties'] as Record<string, unknown> | undefined,
    deployByHand: async (StackName, TemplateBody, ChangeSetType, tags = {}) => {
      const ChangeSetName = `by-hand-${ChangeSetType}`;
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      await aws.send(new CreateChangeSetCommand({ StackName, ChangeSetName, ChangeSetType, TemplateBody, Tags }));
      await eventually(async () => {
        await aws.send(new ExecuteChangeSetCommand({ StackName, ChangeSetName }));
        return true;
      });
      await eventually(async () => (await status(StackName))?.endsWith(`${ChangeSetType}_COMPLETE`));
    },
    close: async () => {
      await target.close();
      aws.destroy();
      await stacks.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
