// What our client relies on from CloudFormation. Runs against anything that speaks its protocol, through the real SDK client.
import {
  CloudFormation,
  type Change,
  type CreateChangeSetCommandInput,
  type DescribeChangeSetCommandOutput,
  type Stack,
  type StackEvent,
} from '@aws-sdk/client-cloudformation';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';

/** Something that speaks CloudFormation's protocol. */
export interface StacksUnderTest {
  readonly endpoint: string;
  readonly region: string;
  /** Changes a live resource behind CloudFormation's back. */
  readonly edit: (stack: string, logicalId: string, properties: Readonly<Record<string, string>>) => Promise<void>;
  readonly close: () => Promise<void>;
}

const noChange =
  "The submitted information didn't contain changes. Submit different information to create a change set.";
const queue = (timeout: number, description = '') => `Parameters:
  Text: {Type: String, Default: hello}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: ${timeout}}}
  Note: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Text}}
  Mirror: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Queue}}
Outputs:
  Arn: {Value: !GetAtt Queue.Arn${description === '' ? '' : `, Description: ${description}`}}
`;

/** The contract. `open` starts or reaches what is tested; stacks get new names, so that an account may be shared. */
export function stackContract(name: string, open: () => Promise<StacksUnderTest>): void {
  describe(`${name}: CloudFormation`, () => {
    let under: StacksUnderTest;
    let aws: CloudFormation;

    beforeAll(async () => {
      under = await open();
      const { endpoint, region } = under;
      aws = new CloudFormation({
        endpoint,
        region,
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
        maxAttempts: 1,
      });
    });
    afterAll(async () => {
      aws.destroy();
      await under.close();
    });

    const newName = () => `contract-${randomUUID().slice(0, 8)}`;
    const stackOf = async (stack: string): Promise<Stack> =>
      (await aws.describeStacks({ StackName: stack })).Stacks![0]!;
    const refused = async (call: Promise<unknown>): Promise<string> => {
      const error = await call.then(
        () => undefined,
        (thrown: unknown) => thrown as Error,
      );
      return error === undefined ? 'accepted' : `${error.name}: ${error.message}`;
    };
    const atRest = (stack: string) =>
      eventually(
        async () => {
          const now = await stackOf(stack);
          return now.StackStatus?.endsWith('_IN_PROGRESS') === true ? undefined : now;
        },
        { within: 15_000 },
      );
    const changeSet = async (
      stack: string,
      body: string,
      more: Partial<CreateChangeSetCommandInput> = {},
    ): Promise<DescribeChangeSetCommandOutput> => {
      const ChangeSetName = more.ChangeSetName ?? `set-${randomUUID()}`;
      const { Id } = await aws.createChangeSet({ StackName: stack, TemplateBody: body, ...more, ChangeSetName });
      return await eventually(
        async () => {
          const now = await aws.describeChangeSet({ ChangeSetName: Id, IncludePropertyValues: true });
          return now.Status === 'CREATE_PENDING' || now.Status === 'CREATE_IN_PROGRESS' ? undefined : now;
        },
        { within: 15_000 },
      );
    };
    const execute = async (stack: string, set: DescribeChangeSetCommandOutput, token?: string): Promise<Stack> => {
      await aws.executeChangeSet({ ChangeSetName: set.ChangeSetId, ClientRequestToken: token, DisableRollback: false });
      return await atRest(stack);
    };
    const created = async (body: string, more: Partial<CreateChangeSetCommandInput> = {}): Promise<string> => {
      const stack = newName();
      await execute(stack, await changeSet(stack, body, { ChangeSetType: 'CREATE', ...more }));
      return stack;
    };
    const eventsOf = async (stack: string): Promise<readonly StackEvent[]> => {
      const events: StackEvent[] = [];
      let NextToken: string | undefined;
      do {
        const page = await aws.describeStackEvents({ StackName: stack, NextToken });
        events.push(...(page.StackEvents ?? []));
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      return events;
    };
    const entry = (set: DescribeChangeSetCommandOutput, id: string) =>
      set.Changes?.map((change: Change) => change.ResourceChange).find((one) => one?.LogicalResourceId === id);

    test('a new stack: shell, change set, events with our token, outputs', async () => {
      const stack = newName();
      const set = await changeSet(stack, queue(30), { ChangeSetType: 'CREATE', Tags: [{ Key: 'team', Value: 'a' }] });
      expect([set.Status, set.ExecutionStatus]).toEqual(['CREATE_COMPLETE', 'AVAILABLE']);
      expect((await stackOf(stack)).StackStatus).toBe('REVIEW_IN_PROGRESS');
      expect(set.Changes?.map((one) => [one.ResourceChange?.Action, one.ResourceChange?.LogicalResourceId])).toEqual([
        ['Add', 'Queue'],
        ['Add', 'Note'],
        ['Add', 'Mirror'],
      ]);
      const done = await execute(stack, set, 'token-1');
      expect(done.StackStatus).toBe('CREATE_COMPLETE');
      expect(done.Tags).toEqual([{ Key: 'team', Value: 'a' }]);
      expect(done.Outputs?.[0]).toMatchObject({
        OutputKey: 'Arn',
        OutputValue: expect.stringMatching(/^arn:aws:sqs:/),
      });
      expect(done.ChangeSetId).toBe(set.ChangeSetId);
      const events = (await eventsOf(stack)).filter((event) => event.ClientRequestToken === 'token-1');
      expect(events[0]).toMatchObject({ LogicalResourceId: stack, ResourceStatus: 'CREATE_COMPLETE' });
      expect(events.at(-1)).toMatchObject({
        ResourceStatus: 'CREATE_IN_PROGRESS',
        ResourceStatusReason: 'User Initiated',
      });
      const mine = events.filter((event) => event.LogicalResourceId === 'Queue').toReversed();
      expect(mine.map((event) => [event.ResourceStatus, event.ResourceStatusReason])).toEqual([
        ['CREATE_IN_PROGRESS', undefined],
        ['CREATE_IN_PROGRESS', 'Resource creation Initiated'],
        ['CREATE_COMPLETE', undefined],
      ]);
      const order = events.toReversed().map((event) => `${event.LogicalResourceId} ${event.ResourceStatus}`);
      expect(order.indexOf('Mirror CREATE_IN_PROGRESS')).toBeGreaterThan(order.indexOf('Queue CREATE_COMPLETE'));
    });

    test('an update: values before and after, cause, and only what changed gets events', async () => {
      const stack = await created(queue(30));
      const set = await changeSet(stack, queue(60), { Parameters: [{ ParameterKey: 'Text', ParameterValue: 'bye' }] });
      expect(entry(set, 'Queue')).toMatchObject({
        Action: 'Modify',
        Replacement: 'False',
        Scope: ['Properties'],
        Details: [
          {
            Target: {
              Attribute: 'Properties',
              Name: 'VisibilityTimeout',
              Path: '/Properties/VisibilityTimeout',
              BeforeValue: '30',
              AfterValue: '60',
              RequiresRecreation: 'Never',
              AttributeChangeType: 'Modify',
            },
            Evaluation: 'Static',
            ChangeSource: 'DirectModification',
          },
        ],
      });
      expect(entry(set, 'Note')?.Details?.[0]).toMatchObject({
        ChangeSource: 'ParameterReference',
        CausingEntity: 'Text',
      });
      expect(entry(set, 'Mirror')).toBeUndefined();
      expect((await execute(stack, set, 'token-2')).StackStatus).toBe('UPDATE_COMPLETE');
      const events = (await eventsOf(stack)).filter((event) => event.ClientRequestToken === 'token-2');
      expect(events.map((event) => event.LogicalResourceId)).not.toContain('Mirror');
      const own = events.filter((event) => event.LogicalResourceId === stack).map((event) => event.ResourceStatus);
      expect(own).toEqual(['UPDATE_COMPLETE', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_IN_PROGRESS']);
    });

    test('a replacement: told beforehand, the old one deleted at the end', async () => {
      const note = (id: string) =>
        `Resources:\n  N: {Type: AWS::SSM::Parameter, Properties: {Name: /${id}, Type: String, Value: a}}\n`;
      const [a, b] = [newName(), newName()];
      const stack = await created(note(a));
      const set = await changeSet(stack, note(b));
      expect(entry(set, 'N')).toMatchObject({ Replacement: 'True', PolicyAction: 'ReplaceAndDelete' });
      await execute(stack, set);
      const events = (await eventsOf(stack)).toReversed().filter((event) => event.LogicalResourceId === 'N');
      expect(events.at(-1)).toMatchObject({ ResourceStatus: 'DELETE_COMPLETE', PhysicalResourceId: `/${a}` });
      const { StackResources } = await aws.describeStackResources({ StackName: stack });
      expect(StackResources?.map((one) => one.PhysicalResourceId)).toEqual([`/${b}`]);
    });

    test('nothing to change: both texts', async () => {
      const plain = await created(queue(30));
      const set = await changeSet(plain, queue(30));
      expect([set.Status, set.StatusReason, set.ExecutionStatus]).toEqual(['FAILED', noChange, 'UNAVAILABLE']);
      const transformed = `Transform: AWS::LanguageExtensions\n${queue(30)}`;
      const more = { Capabilities: ['CAPABILITY_AUTO_EXPAND' as const] };
      const stack = await created(transformed, more);
      expect((await changeSet(stack, transformed, more)).StatusReason).toMatch(/^No updates are to be performed\./);
      expect(await refused(aws.executeChangeSet({ ChangeSetName: set.ChangeSetId }))).toMatch(
        /^InvalidChangeSetStatus/,
      );
    });

    test('outputs alone are a change without entries', async () => {
      const stack = await created(queue(30));
      const set = await changeSet(stack, queue(30, 'described'));
      expect([set.Status, set.Changes ?? []]).toEqual(['CREATE_COMPLETE', []]);
      const done = await execute(stack, set);
      expect(done.Outputs?.[0]?.Description).toBe('described');
    });

    test('a first deployment that fails: root cause, the others cancelled, rolled back, then only deletable', async () => {
      const stack = newName();
      const body = queue(99_999);
      const done = await execute(stack, await changeSet(stack, body, { ChangeSetType: 'CREATE' }), 'token-3');
      expect(done.StackStatus).toBe('ROLLBACK_COMPLETE');
      const events = (await eventsOf(stack)).toReversed();
      const failures = events.filter((event) => event.ResourceStatus === 'CREATE_FAILED');
      const causes = failures.map((event) => [event.LogicalResourceId, event.ResourceStatusReason]);
      expect(causes.find(([id]) => id === 'Queue')?.[1]).toMatch(/99999/);
      expect(causes.filter(([id]) => id !== 'Queue')).toEqual([['Note', 'Resource creation cancelled']]);
      expect(
        await refused(aws.createChangeSet({ StackName: stack, ChangeSetName: 'x', TemplateBody: queue(30) })),
      ).toMatch(/^ValidationError: Stack:arn:.* is in ROLLBACK_COMPLETE state and can not be updated\.$/);
      await aws.deleteStack({ StackName: stack });
      await eventually(async () => (await refused(stackOf(stack))).startsWith('ValidationError'));
    });

    test('an update that fails puts everything back', async () => {
      const stack = await created(queue(30));
      const set = await changeSet(stack, queue(99_999), {
        Parameters: [{ ParameterKey: 'Text', ParameterValue: 'bye' }],
      });
      const done = await execute(stack, set, 'token-4');
      expect(done.StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(done.Parameters).toEqual([{ ParameterKey: 'Text', ParameterValue: 'hello' }]);
      const own = (await eventsOf(stack))
        .filter((event) => event.LogicalResourceId === stack && event.ClientRequestToken === 'token-4')
        .map((event) => event.ResourceStatus);
      expect(own).toEqual([
        'UPDATE_ROLLBACK_COMPLETE',
        'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
        'UPDATE_ROLLBACK_IN_PROGRESS',
        'UPDATE_IN_PROGRESS',
      ]);
      expect((await changeSet(stack, queue(30))).StatusReason).toBe(noChange);
    });

    test('drift: property by property, and a change set that reverts it', async () => {
      const stack = await created(queue(30));
      const detect = async () => {
        const { StackDriftDetectionId } = await aws.detectStackDrift({ StackName: stack });
        return await eventually(async () => {
          const now = await aws.describeStackDriftDetectionStatus({ StackDriftDetectionId });
          return now.DetectionStatus === 'DETECTION_IN_PROGRESS' ? undefined : now;
        });
      };
      expect(await detect()).toMatchObject({ StackDriftStatus: 'IN_SYNC', DriftedStackResourceCount: 0 });
      await under.edit(stack, 'Queue', { VisibilityTimeout: '77' });
      // An ordinary change set compares template with template.
      expect((await changeSet(stack, queue(30))).StatusReason).toBe(noChange);
      expect(await detect()).toMatchObject({ StackDriftStatus: 'DRIFTED', DriftedStackResourceCount: 1 });
      const { StackResourceDrifts } = await aws.describeStackResourceDrifts({
        StackName: stack,
        StackResourceDriftStatusFilters: ['MODIFIED'],
      });
      expect(StackResourceDrifts).toMatchObject([
        {
          LogicalResourceId: 'Queue',
          StackResourceDriftStatus: 'MODIFIED',
          PropertyDifferences: [
            { PropertyPath: '/VisibilityTimeout', ExpectedValue: '30', ActualValue: '77', DifferenceType: 'NOT_EQUAL' },
          ],
        },
      ]);
      const set = await changeSet(stack, queue(30), { DeploymentMode: 'REVERT_DRIFT' });
      expect(set.StackDriftStatus).toBe('DRIFTED');
      expect(set.Changes).toHaveLength(1);
      expect(entry(set, 'Queue')).toMatchObject({
        ResourceDriftStatus: 'MODIFIED',
        Details: [{ Target: { BeforeValue: '77', AfterValue: '30', BeforeValueFrom: 'ACTUAL_STATE' } }],
      });
      await execute(stack, set);
      expect(await detect()).toMatchObject({ StackDriftStatus: 'IN_SYNC' });
    });

    test('tags alone are a change of every resource that takes them', async () => {
      const stack = await created(queue(30));
      const set = await changeSet(stack, queue(30), { Tags: [{ Key: 'a', Value: 'b' }] });
      expect(entry(set, 'Queue')).toMatchObject({ Action: 'Modify', Scope: ['Tags'], Replacement: 'False' });
      expect((await execute(stack, set)).Tags).toEqual([{ Key: 'a', Value: 'b' }]);
    });

    test('the same change set asked for twice is one; asked for differently it is refused', async () => {
      const stack = await created(queue(30));
      const request = { StackName: stack, ChangeSetName: 'same', TemplateBody: queue(31), ClientToken: 'same' };
      const first = await aws.createChangeSet(request);
      expect((await aws.createChangeSet(request)).Id).toBe(first.Id);
      expect(await refused(aws.createChangeSet({ ...request, TemplateBody: queue(32) }))).toBe(
        'AlreadyExistsException: ChangeSet same cannot be created due to a mismatch with existing attribute Template',
      );
    });

    test('executing one change set removes the others', async () => {
      const stack = await created(queue(30));
      const [kept, other] = [await changeSet(stack, queue(31)), await changeSet(stack, queue(32))];
      await execute(stack, kept, 'token-5');
      expect(await refused(aws.executeChangeSet({ ChangeSetName: other.ChangeSetId }))).toMatch(/^ChangeSetNotFound/);
      expect(await refused(aws.describeChangeSet({ StackName: 'another', ChangeSetName: kept.ChangeSetId }))).toMatch(
        /^ChangeSetNotFound/,
      );
      expect(await aws.describeChangeSet({ StackName: stack, ChangeSetName: kept.ChangeSetId })).toMatchObject({
        ChangeSetId: kept.ChangeSetId,
      });
      expect(await aws.describeChangeSet({ ChangeSetName: kept.ChangeSetId })).toMatchObject({
        Status: 'CREATE_COMPLETE',
        ExecutionStatus: 'EXECUTE_COMPLETE',
      });
    });

    test("refusals in the service's words", async () => {
      const stack = await created(queue(30));
      const nobody = newName();
      const make = (StackName: string, TemplateBody: string, more: Partial<CreateChangeSetCommandInput> = {}) =>
        refused(aws.createChangeSet({ StackName, ChangeSetName: 'x', TemplateBody, ...more }));
      expect(await refused(stackOf(nobody))).toBe(`ValidationError: Stack with id ${nobody} does not exist`);
      expect(await make(nobody, queue(30))).toBe(`ValidationError: Stack [${nobody}] does not exist`);
      expect(await make(stack, queue(30), { ChangeSetType: 'CREATE' })).toBe(
        `ValidationError: Stack [${stack}] already exists and cannot be created again with the changeSet [x].`,
      );
      expect(await make(stack, queue(30).replace('Ref Text', 'Ref Nope'))).toBe(
        'ValidationError: Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template',
      );
      expect(await make(stack, 'Resources: {}\n')).toBe(
        'ValidationError: Template format error: At least one Resources member must be defined.',
      );
      expect(await make(stack, queue(30), { Parameters: [{ ParameterKey: 'Nope', ParameterValue: '1' }] })).toBe(
        'ValidationError: Parameters: [Nope] do not exist in the template',
      );
      expect(await make(stack, queue(30).replace(', Default: hello', ''))).toBe(
        'ValidationError: Parameters: [Text] must have values',
      );
      const role =
        'Resources:\n  R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: 2012-10-17}}}\n';
      expect(await make(stack, role)).toBe(
        'InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]',
      );
      expect(await refused(aws.describeChangeSet({ StackName: stack, ChangeSetName: 'nope' }))).toMatch(
        /^ChangeSetNotFound\w*: ChangeSet \[nope\] does not exist$/,
      );
      expect(await refused(aws.describeStackEvents({ StackName: nobody }))).toBe(
        `ValidationError: Stack [${nobody}] does not exist`,
      );
    });

    test('a stack that is being changed takes no other change', async () => {
      const slow = queue(30).replace(
        'Queue: {Type: AWS::SQS::Queue,',
        'Queue: {Type: AWS::SQS::Queue, Metadata: {Sandbox: {SlowMs: 300}},',
      );
      const stack = await created(slow);
      const set = await changeSet(stack, slow.replace('30', '31'));
      await aws.executeChangeSet({ ChangeSetName: set.ChangeSetId, ClientRequestToken: 'token-6' });
      // The same token again is the same operation.
      await aws.executeChangeSet({ ChangeSetName: set.ChangeSetId, ClientRequestToken: 'token-6' });
      expect(await refused(aws.createChangeSet({ StackName: stack, ChangeSetName: 'x', TemplateBody: slow }))).toMatch(
        /^ValidationError: Stack:arn:.* is in UPDATE_IN_PROGRESS state and can not be updated\.$/,
      );
      expect((await atRest(stack)).StackStatus).toBe('UPDATE_COMPLETE');
    });

    test('many changes and many events come in pages', async () => {
      const many = Array.from(
        { length: 120 },
        (_, index) => `  P${index}: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: "1"}}`,
      );
      const stack = newName();
      const set = await changeSet(stack, `Resources:\n${many.join('\n')}\n`, { ChangeSetType: 'CREATE' });
      const entries = [...(set.Changes ?? [])];
      for (let token = set.NextToken; token !== undefined; ) {
        const page = await aws.describeChangeSet({ ChangeSetName: set.ChangeSetId, NextToken: token });
        entries.push(...(page.Changes ?? []));
        token = page.NextToken;
      }
      expect(new Set(entries.map((one) => one.ResourceChange?.LogicalResourceId)).size).toBe(120);
      await execute(stack, set);
      expect((await aws.describeStackEvents({ StackName: stack })).NextToken).toBeDefined();
      const events = await eventsOf(stack);
      expect(events.length).toBe(new Set(events.map((event) => event.EventId)).size);
      expect(events.length).toBeGreaterThan(360);
    });

    test('deleting: resources first, then gone by name and still there by id; a deleted name is free again', async () => {
      const stack = await created(queue(30));
      const { StackId } = await stackOf(stack);
      await aws.deleteStack({ StackName: stack, ClientRequestToken: 'token-7' });
      await eventually(async () => (await stackOf(StackId!)).StackStatus === 'DELETE_COMPLETE');
      expect(await refused(stackOf(stack))).toBe(`ValidationError: Stack with id ${stack} does not exist`);
      const events = (await eventsOf(StackId!)).filter((event) => event.ClientRequestToken === 'token-7');
      const order = events.toReversed().map((event) => `${event.LogicalResourceId} ${event.ResourceStatus}`);
      expect(order.indexOf('Queue DELETE_IN_PROGRESS')).toBeGreaterThan(order.indexOf('Mirror DELETE_COMPLETE'));
      await aws.deleteStack({ StackName: stack });
      const again = await changeSet(stack, queue(30), { ChangeSetType: 'CREATE' });
      expect(again.StackId).not.toBe(StackId);
      await aws.deleteChangeSet({ ChangeSetName: again.ChangeSetId });
      await aws.deleteStack({ StackName: again.StackId });
    });

    test('the template comes back as it was written', async () => {
      const stack = await created(queue(30));
      expect((await aws.getTemplate({ StackName: stack })).TemplateBody).toBe(queue(30));
    });
  });
}
