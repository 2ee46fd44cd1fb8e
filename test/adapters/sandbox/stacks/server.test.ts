// What the sandbox's stacks do beyond the contract: intrinsics, conditions, failures on demand, changes by hand, who may ask.
import { CloudFormation } from '@aws-sdk/client-cloudformation';
import { readFileSync } from 'node:fs';
import type { Json } from '../../../../lib/core/json.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { editResource, liveResource } from '../../../../lib/runtime/sandbox-stacks.ts';
import { type SandboxStacks, startSandboxStacks } from '../../../../lib/adapters/sandbox/stacks/server.ts';
import { knownTypes, typeSpec } from '../../../../lib/adapters/sandbox/stacks/types.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../../support/eventually.ts';

let stacks: SandboxStacks;
let aws: CloudFormation;
const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-test-'));

beforeAll(async () => {
  stacks = await startSandboxStacks({ dataDir, stepMs: 5, account: '111122223333' });
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  aws = new CloudFormation({ endpoint: stacks.endpoint, region: stacks.region, credentials, maxAttempts: 1 });
});
afterAll(async () => {
  aws.destroy();
  await stacks.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const refused = async (call: Promise<unknown>) =>
  await call.then(
    () => 'accepted',
    (error: unknown) => (error as Error).message,
  );
let sets = 0;

async function deploy(
  StackName: string,
  TemplateBody: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<string> {
  const exists = (await refused(aws.describeStacks({ StackName }))) === 'accepted';
  sets += 1;
  const ChangeSetName = `set-${sets}`;
  await aws.createChangeSet({
    StackName,
    ChangeSetName,
    ChangeSetType: exists ? 'UPDATE' : 'CREATE',
    TemplateBody,
    Capabilities: ['CAPABILITY_NAMED_IAM'],
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
  });
  const set = await eventually(async () => {
    const now = await aws.describeChangeSet({ StackName, ChangeSetName });
    return now.Status === 'CREATE_COMPLETE' || now.Status === 'FAILED' ? now : undefined;
  });
  if (set.Status === 'FAILED') return set.StatusReason ?? '';
  await aws.executeChangeSet({ StackName, ChangeSetName });
  return await eventually(async () => {
    const status = (await aws.describeStacks({ StackName })).Stacks?.[0]?.StackStatus;
    return status?.endsWith('_IN_PROGRESS') === true ? undefined : status;
  });
}

const live = (stack: string, id: string) => stacks.liveResource(stack, id)?.['properties'];
const param = (value: string, more = '') =>
  `{Type: AWS::SSM::Parameter, Properties: {Type: String, Value: ${value}}${more}}`;

test('every intrinsic function and pseudo parameter', async () => {
  const body = `
Parameters: {Stage: {Type: String, Default: dev}, Zones: {Type: CommaDelimitedList, Default: "a, b"}}
Mappings: {Days: {dev: {Keep: 3}}}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsProd: !Not [!Condition IsDev]
  Either: !Or [!Condition IsProd, !And [!Condition IsDev, !Equals [a, a]]]
Resources:
  Q: {Type: AWS::SQS::Queue}
  Absent: {Type: AWS::SQS::Queue, Condition: IsProd}
  Sub: ${param('!Sub ["${A} ${Stage} ${!Literal} ${AWS::Region} ${Q.QueueName}", {A: !Ref Stage}]')}
  Join: ${param('!Join ["-", [!Select [1, !Ref Zones], !FindInMap [Days, !Ref Stage, Keep], !Ref "AWS::AccountId"]]')}
  Split: ${param('!Select [1, !Split ["/", "x/y/z"]]')}
  If: ${param('!If [Either, yes-it-is, no-it-is-not]')}
  Base: ${param('!Base64 hello')}
  Cidr: ${param('!Join [" ", !Cidr [10.0.0.0/16, 2, 8]]')}
  Zones: ${param('!Select [0, !GetAZs ""]')}
  NoValue: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: x, Description: !If [IsProd, text, !Ref "AWS::NoValue"]}}
Outputs:
  Shared: {Value: !GetAtt Q.Arn, Export: {Name: !Sub "\${AWS::StackName}-arn"}}
`;
  expect(await deploy('functions', body)).toBe('CREATE_COMPLETE');
  const value = (id: string) => (live('functions', id) as { Value: string }).Value;
  expect(value('Sub')).toMatch(/^dev dev \$\{Literal\} eu-west-1 functions-Q-[A-Z0-9]{12}$/);
  expect(value('Join')).toBe('b-3-111122223333');
  expect(value('Split')).toBe('y');
  expect(value('If')).toBe('yes-it-is');
  expect(value('Base')).toBe('aGVsbG8=');
  expect(value('Cidr')).toBe('10.0.0.0/24 10.0.1.0/24');
  expect(value('Zones')).toBe('eu-west-1a');
  expect(live('functions', 'NoValue')).toEqual({ Type: 'String', Value: 'x' });
  expect(stacks.liveResource('functions', 'Absent')).toBeUndefined();
  expect(await deploy('imports', `Resources:\n  P: ${param('!ImportValue functions-arn')}\n`)).toBe('CREATE_COMPLETE');
  expect((live('imports', 'P') as { Value: string }).Value).toMatch(/^arn:aws:sqs:eu-west-1:111122223333:functions-Q-/);
  expect(await deploy('imports', `Resources:\n  P: ${param('!ImportValue nope')}\n`)).toBe(
    'No export named nope found.',
  );
});

test('every resource type can be made, and every attribute of it read', async () => {
  const properties: Readonly<Record<string, string>> = {
    'AWS::SSM::Parameter': '{Type: String, Value: x}',
    'AWS::EC2::VPC': '{CidrBlock: 10.0.0.0/16}',
    'AWS::EC2::Subnet': '{VpcId: !Ref R, CidrBlock: 10.0.1.0/24, AvailabilityZone: eu-west-1a}',
    'AWS::DynamoDB::Table': '{KeySchema: [{AttributeName: id, KeyType: HASH}]}',
    'AWS::ECS::Service': '{Cluster: c, DesiredCount: 1}',
    'AWS::Lambda::Function':
      '{Role: "arn:aws:iam::111122223333:role/r", Code: {ImageUri: "repo:1"}, PackageType: Image}',
    'AWS::IAM::Role': '{AssumeRolePolicyDocument: {Version: 2012-10-17}}',
  };
  const vpc = knownTypes().indexOf('AWS::EC2::VPC');
  const resources = knownTypes().map(
    (type, index) =>
      `  R${index}: {Type: ${type}, Properties: ${(properties[type] ?? '{}').replace('!Ref R', `!Ref R${vpc}`)}}`,
  );
  const outputs = knownTypes().flatMap((type, index) =>
    Object.keys(typeSpec(type)?.attributes ?? {}).map(
      (name) => `  O${index}${name}: {Value: !GetAtt R${index}.${name}}`,
    ),
  );
  expect(await deploy('all-types', `Resources:\n${resources.join('\n')}\nOutputs:\n${outputs.join('\n')}\n`)).toBe(
    'CREATE_COMPLETE',
  );
  const { Stacks } = await aws.describeStacks({ StackName: 'all-types' });
  expect(Stacks?.[0]?.Outputs).toHaveLength(outputs.length);
  const odd = Stacks?.[0]?.Outputs?.filter((output) => /[{}]|undefined/.test(output.OutputValue ?? ''));
  expect(odd).toEqual([]);
});

describe('failures on demand', () => {
  test('a rollback that fails leaves the stack stuck; a delete that fails can keep the resource', async () => {
    const stuck = (value: string, fail: string) =>
      `Resources:\n  A: ${param(value, ', Metadata: {Sandbox: {Fail: [rollback], Reason: not today}}')}\n  B: ${param(value, `, DependsOn: A, Metadata: {Sandbox: {Fail: [${fail}]}}`)}\n`;
    await deploy('stuck', stuck('a', 'none'));
    expect(await deploy('stuck', stuck('b', 'update'))).toBe('UPDATE_ROLLBACK_FAILED');
    expect(await refused(deploy('stuck', stuck('c', 'none')))).toMatch(
      /is in UPDATE_ROLLBACK_FAILED state and can not be updated/,
    );

    await deploy(
      'undeletable',
      `Resources:\n  A: ${param('a', ', Metadata: {Sandbox: {Fail: delete, Reason: in use}}')}\n  B: ${param('b')}\n`,
    );
    const status = async () => (await aws.describeStacks({ StackName: 'undeletable' })).Stacks?.[0];
    await aws.deleteStack({ StackName: 'undeletable' });
    const failed = await eventually(async () =>
      (await status())?.StackStatus === 'DELETE_FAILED' ? await status() : undefined,
    );
    expect(failed.StackStatusReason).toBe('The following resource(s) failed to delete: [A]. ');
    await aws.deleteStack({ StackName: 'undeletable', RetainResources: ['A'] });
    await eventually(async () => (await refused(status())) !== 'accepted');
  });

  test('DeletionPolicy Retain keeps the live resource', async () => {
    const body = (more: string) =>
      `Resources:\n  Keep: {Type: AWS::SQS::Queue, DeletionPolicy: Retain, Properties: {QueueName: kept-queue}}\n  Other: {Type: AWS::SQS::Queue${more}}\n`;
    await deploy('retains', body(''));
    expect(await deploy('retains', 'Resources:\n  Other: {Type: AWS::SQS::Queue}\n')).toBe('UPDATE_COMPLETE');
    // The name is taken: the queue is still there.
    expect(await deploy('retains-again', body(''))).toBe('ROLLBACK_COMPLETE');
  });

  test('a custom name cannot be kept when the resource is replaced', async () => {
    const body = (fifo: string) =>
      `Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: same.fifo, FifoQueue: ${fifo}}}\n`;
    await deploy('renames', body('true'));
    expect(await deploy('renames', body('false'))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(live('renames', 'Q')).toEqual({ QueueName: 'same.fifo', FifoQueue: true });
  });

  test('what the schema refuses never starts, and is told with its path', async () => {
    const body =
      'Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {Visibility: 1}}\n  P: {Type: AWS::SSM::Parameter, Properties: {Type: Text}}\n';
    expect(await deploy('validates', body)).toContain('[AWS::EarlyValidation::PropertyValidation]');
    const { OperationEvents } = await aws.describeEvents({
      ChangeSetName: (await aws.listChangeSets({ StackName: 'validates' })).Summaries?.[0]?.ChangeSetId,
    });
    expect(OperationEvents?.map((event) => [event.ValidationPath, event.ValidationStatusReason])).toEqual([
      ['/Resources/Q/Properties/Visibility', 'Unsupported property [Visibility]'],
      ['/Resources/P/Properties/Type', '#/Type: Text is not a valid enum value'],
      ['/Resources/P/Properties', 'required key [Value] not found'],
    ]);
  });
});

test('parameters are checked as declared', async () => {
  const body = `Parameters:
  Size: {Type: Number, Default: 1}
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Name: {Type: String, Default: abc, AllowedPattern: "[a-z]+", MinLength: 2}
Resources:\n  P: ${param('!Sub "${Size} ${Stage} ${Name}"')}\n`;
  expect(await refused(deploy('params', body, { Size: 'x' }))).toBe("Parameter 'Size' must be a number");
  expect(await refused(deploy('params', body, { Stage: 'test' }))).toBe(
    "Parameter 'Stage' must be one of AllowedValues",
  );
  expect(await refused(deploy('params', body, { Name: 'A1' }))).toBe("Parameter 'Name' must match pattern [a-z]+");
  expect(await deploy('params', body, { Size: '2' })).toBe('CREATE_COMPLETE');
  expect(await deploy('params', body, { Size: '3' })).toBe('UPDATE_COMPLETE');
  expect(live('params', 'P')).toEqual({ Type: 'String', Value: '3 dev abc' });
});

test('each new task definition of a family has a higher revision', async () => {
  const body = (tag: number) => `Resources:
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {Family: web, ContainerDefinitions: [{Name: web, Image: "repo:${tag}"}]}}
`;
  const revisions: unknown[] = [];
  for (const tag of [1, 2, 3]) {
    await deploy('tasks', body(tag));
    revisions.push(stacks.liveResource('tasks', 'Task')?.['physicalId']);
  }
  const arn = 'arn:aws:ecs:eu-west-1:111122223333:task-definition/web';
  expect(revisions).toEqual([`${arn}:1`, `${arn}:2`, `${arn}:3`]);
});

test('any text comes back as it was sent', async () => {
  const text = 'a & b < c > d "quoted" \u00e9 \u{1F980}';
  const body = `Parameters: {Text: {Type: String}}\nResources:\n  P: ${param('!Ref Text')}\n`;
  await deploy('texts', body, { Text: text });
  const { Stacks } = await aws.describeStacks({ StackName: 'texts' });
  expect(Stacks?.[0]?.Parameters?.[0]?.ParameterValue).toBe(text);
  expect((live('texts', 'P') as { Value: string }).Value).toBe(text);
});

test('NoEcho values are hidden wherever they are told', async () => {
  const body = `Parameters: {Secret: {Type: String, NoEcho: true}}\nResources:\n  P: ${param('!Sub "x-${Secret}"')}\n`;
  await deploy('no-echo', body, { Secret: 'hunter-2' });
  await aws.createChangeSet({
    StackName: 'no-echo',
    ChangeSetName: 'next',
    TemplateBody: body,
    Parameters: [{ ParameterKey: 'Secret', ParameterValue: 'hunter-3' }],
  });
  const set = await eventually(async () => {
    const now = await aws.describeChangeSet({
      StackName: 'no-echo',
      ChangeSetName: 'next',
      IncludePropertyValues: true,
    });
    return now.Status === 'CREATE_COMPLETE' ? now : undefined;
  });
  const { Stacks } = await aws.describeStacks({ StackName: 'no-echo' });
  expect(JSON.stringify([set, Stacks])).not.toMatch(/hunter/);
  expect(set.Changes?.[0]?.ResourceChange?.Details?.[0]?.Target).toMatchObject({
    BeforeValue: '****',
    AfterValue: '****',
  });
});

test('changes by hand: set, remove, reach into maps and lists, delete, refuse', async () => {
  const body = `Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::111122223333:role/r
      Code: {ImageUri: "repo:1"}
      Timeout: 3
      Environment: {Variables: {STAGE: dev}}
      Tags: [{Key: a, Value: b}]
`;
  await deploy('by-hand', body);
  const edit = (properties: Readonly<Record<string, Json>>) =>
    editResource(stacks.endpoint, { stack: 'by-hand', logicalId: 'F', properties });
  await edit({ Timeout: '9', 'Environment.Variables.STAGE': 'prod', 'Tags.0.Value': 'c', MemorySize: 256 });
  expect(await liveResource(stacks.endpoint, 'by-hand', 'F')).toMatchObject({
    type: 'AWS::Lambda::Function',
    properties: {
      Timeout: 9,
      MemorySize: 256,
      Environment: { Variables: { STAGE: 'prod' } },
      Tags: [{ Key: 'a', Value: 'c' }],
    },
  });
  await edit({ Timeout: null });
  expect(live('by-hand', 'F')).not.toHaveProperty('Timeout');
  await expect(edit({ Timeoutt: 9 })).rejects.toThrow('AWS::Lambda::Function has no property Timeoutt');
  await editResource(stacks.endpoint, { stack: 'by-hand', logicalId: 'F', delete: true });
  expect(await liveResource(stacks.endpoint, 'by-hand', 'F')).toBeUndefined();
  await expect(edit({ Timeout: 9 })).rejects.toThrow('There is no live resource F of stack by-hand');
});

test('unsigned calls, calls it does not know, and pages of a browser are refused', async () => {
  const post = async (body: string, headers: Record<string, string>) => {
    const response = await fetch(stacks.endpoint, { method: 'POST', body, headers });
    return [response.status, /<Code>(.*)<\/Code>/.exec(await response.text())?.[1]];
  };
  expect(await post('Action=DescribeStacks', {})).toEqual([403, 'MissingAuthenticationToken']);
  const authorization = 'AWS4-HMAC-SHA256 Credential=x';
  expect(await post('Action=SetStackPolicy', { authorization })).toEqual([400, 'InvalidAction']);
  expect(await post(`Action=${'x'.repeat(3_000_000)}`, { authorization })).toEqual([400, 'ValidationError']);
  expect((await fetch(`${stacks.endpoint}/sandbox/edit`, { method: 'POST', body: '{}' })).status).toBe(403);
});

test('the written behaviour names every call and every type', () => {
  const text = readFileSync('lib/adapters/sandbox/stacks/behaviour.md', 'utf8');
  for (const type of knownTypes()) expect(text).toContain(type);
  const source = readFileSync('lib/adapters/sandbox/stacks/server.ts', 'utf8');
  const calls = [...source.matchAll(/^ {2}([A-Z][A-Za-z]+): /gm)].map((match) => match[1]!);
  expect(calls.length).toBeGreaterThan(15);
  for (const call of calls) expect(text).toContain(call);
});
