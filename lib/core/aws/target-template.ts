// The other side of a target: a CloudFormation template for its account, which gives the role that the runner assumes, what the
// role may do, and the rules that forward events to the runner. For clusters also the rights inside.
import { stringify } from 'yaml';
import type { Json, JsonObject } from '../json.ts';

/** An EKS cluster. */
export interface ClusterTarget {
  readonly cluster: string;
  /** API groups of custom resources that applications hold, besides the usual ones. */
  readonly apiGroups?: readonly string[];
}

/** Stacks of one account and region. */
export interface StacksTarget {
  /** Stacks whose names begin with this may be touched; no others. */
  readonly stackPrefix: string;
  /** Managed policies of the role with which CloudFormation makes the stacks' resources. */
  readonly executionPolicies: readonly string[];
  /** Managed policies that let the runner read resources: without the right to read, drift detection cannot compare. */
  readonly readPolicies?: readonly string[];
}

export interface TargetTemplateInput {
  /** Name of the runner's installation. */
  readonly installation: string;
  /** Name of the target in `holdfast.yaml`. */
  readonly target: string;
  /** ARNs of the roles that may assume the target's role: that of the reconcile function. */
  readonly runnerRoles: readonly string[];
  readonly eks?: ClusterTarget;
  readonly cloudformation?: StacksTarget;
  /** ARN of the runner's bus, for a target in another account or region; without it no events are forwarded. */
  readonly bus?: string;
  /** ARN of a managed policy that becomes the boundary of every role. */
  readonly permissionsBoundary?: string;
}

export interface TargetTemplate {
  /** The template, for `aws cloudformation deploy`. */
  readonly template: JsonObject;
  /** Manifests to apply to the cluster once, as its administrator; undefined for stacks. */
  readonly manifests: string | undefined;
  /** Name of the role that the template makes. */
  readonly roleName: string;
}

/** What the runner gives as external id; a role that asks for it cannot be assumed on behalf of somebody else. */
export function externalId(installation: string): string {
  return `holdfast:${installation}`;
}

/** Kubernetes group of an installation. */
export function clusterGroup(installation: string): string {
  return `holdfast:${installation}`;
}

/** Name of the role of a target: at most 64 characters for names that a config may have. */
export function targetRoleName(installation: string, target: string): string {
  return `hf-${installation}-${target}`;
}

/** The template and the manifests of a target. */
export function targetTemplate(input: TargetTemplateInput): TargetTemplate {
  const { installation, target, eks, cloudformation, bus } = input;
  const roleName = targetRoleName(installation, target);
  const template: JsonObject = {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Holdfast ${installation}: what the runner may do to target ${target}`,
    Resources: {
      RunnerRole: runnerRole(input, roleName),
      ...(eks === undefined ? {} : { AccessEntry: accessEntry(installation, eks) }),
      ...(cloudformation === undefined ? {} : { ExecutionRole: executionRole(input, cloudformation) }),
      ...(bus === undefined ? {} : forwarding(input, bus)),
    },
    Outputs: {
      RoleArn: {
        Description: 'roleArn of the target; list it in targetRoles of the runner',
        Value: arnOf('RunnerRole'),
      },
      ...(cloudformation === undefined
        ? {}
        : { ExecutionRoleArn: { Description: 'roleArn of the stacks', Value: arnOf('ExecutionRole') } }),
    },
  };
  return { template, manifests: eks === undefined ? undefined : clusterManifests(installation, eks), roleName };
}

function runnerRole(input: TargetTemplateInput, roleName: string): JsonObject {
  const { eks, cloudformation } = input;
  const statements = [
    ...(eks === undefined ? [] : [describeCluster(eks)]),
    ...(cloudformation === undefined ? [] : stackRights(cloudformation)),
  ];
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: roleName,
      Description: `Assumed by Holdfast ${input.installation} for target ${input.target}`,
      AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: trust(input) },
      Policies: [{ PolicyName: 'rights', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
      ...managed(cloudformation?.readPolicies ?? []),
      ...boundary(input),
    },
  };
}

/** The runner, with the external id of its installation, and with tags that say for whom it acts. */
function trust({ installation, runnerRoles }: TargetTemplateInput): readonly Json[] {
  const Principal = { AWS: [...runnerRoles] };
  const named = { 'aws:RequestTag/holdfast:installation': installation };
  return [
    {
      Effect: 'Allow',
      Principal,
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'sts:ExternalId': externalId(installation) } },
    },
    {
      Effect: 'Allow',
      Principal,
      Action: 'sts:TagSession',
      Condition: {
        StringEquals: named,
        'ForAllValues:StringEquals': { 'aws:TagKeys': ['holdfast:installation', 'holdfast:target'] },
      },
    },
  ];
}

function describeCluster({ cluster }: ClusterTarget): JsonObject {
  return {
    Sid: 'DescribeCluster',
    Effect: 'Allow',
    Action: 'eks:DescribeCluster',
    Resource: substituted(`eks:\${AWS::Region}:\${AWS::AccountId}:cluster/${cluster}`),
  };
}

/** A group of our own with a role of our own: no access policy of AWS, which would leave out custom resources or give all. */
function accessEntry(installation: string, { cluster }: ClusterTarget): JsonObject {
  return {
    Type: 'AWS::EKS::AccessEntry',
    Properties: {
      ClusterName: cluster,
      PrincipalArn: arnOf('RunnerRole'),
      Type: 'STANDARD',
      KubernetesGroups: [clusterGroup(installation)],
    },
  };
}

const stackActions = [
  'CreateChangeSet',
  'DeleteChangeSet',
  'DeleteStack',
  'DescribeChangeSet',
  'DescribeEvents',
  'DescribeStackEvents',
  'DescribeStackResourceDrifts',
  'DescribeStacks',
  'DetectStackDrift',
  'DetectStackResourceDrift',
  'ExecuteChangeSet',
  'GetTemplate',
  'ListChangeSets',
].map((action) => `cloudformation:${action}`);

function stackRights({ stackPrefix }: StacksTarget): readonly JsonObject[] {
  return [
    {
      Sid: 'Stacks',
      Effect: 'Allow',
      Action: stackActions,
      Resource: substituted(`cloudformation:\${AWS::Region}:\${AWS::AccountId}:stack/${stackPrefix}*/*`),
    },
    {
      Sid: 'Transforms',
      Effect: 'Allow',
      Action: 'cloudformation:CreateChangeSet',
      Resource: substituted('cloudformation:${AWS::Region}:aws:transform/*'),
    },
    {
      // AWS knows no resources for these two.
      Sid: 'DriftDetection',
      Effect: 'Allow',
      Action: ['cloudformation:BatchDescribeTypeConfigurations', 'cloudformation:DescribeStackDriftDetectionStatus'],
      Resource: '*',
    },
    {
      Sid: 'GiveStacksTheirRole',
      Effect: 'Allow',
      Action: 'iam:PassRole',
      Resource: arnOf('ExecutionRole'),
      Condition: { StringEquals: { 'iam:PassedToService': 'cloudformation.amazonaws.com' } },
    },
  ];
}

/** What CloudFormation may do for the stacks: all rights on resources are here, and none are the runner's. */
function executionRole(input: TargetTemplateInput, { executionPolicies }: StacksTarget): JsonObject {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      Description: `CloudFormation makes the stacks of Holdfast ${input.installation}, target ${input.target}, with it`,
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'cloudformation.amazonaws.com' },
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
      ...managed(executionPolicies),
      ...boundary(input),
    },
  };
}

/** Rules on the account's default bus, whose events go to the runner's bus. */
function forwarding(input: TargetTemplateInput, bus: string): JsonObject {
  const rule = (description: string, pattern: JsonObject): JsonObject => ({
    Type: 'AWS::Events::Rule',
    Properties: {
      Description: `Holdfast ${input.installation}: ${description}`,
      EventPattern: pattern,
      Targets: [{ Id: 'runner', Arn: bus, RoleArn: arnOf('ForwardRole') }],
    },
  });
  return {
    ForwardRole: forwardRole(input, bus),
    ForwardImages: rule('pushed images', {
      source: ['aws.ecr'],
      'detail-type': ['ECR Image Action'],
      detail: { 'action-type': ['PUSH'], result: ['SUCCESS'] },
    }),
    ...(input.cloudformation === undefined
      ? {}
      : {
          ForwardStacks: rule('status of stacks that it changes', {
            source: ['aws.cloudformation'],
            'detail-type': ['CloudFormation Stack Status Change'],
            detail: { 'client-request-token': [{ prefix: 'hf-' }] },
          }),
          ForwardDrift: rule('results of drift detection', {
            source: ['aws.cloudformation'],
            'detail-type': ['CloudFormation Drift Detection Status Change'],
          }),
        }),
  };
}

function forwardRole(input: TargetTemplateInput, bus: string): JsonObject {
  const statement = { Effect: 'Allow', Action: 'events:PutEvents', Resource: bus };
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      Description: `Forwards events to Holdfast ${input.installation}`,
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
      Policies: [{ PolicyName: 'forward', PolicyDocument: { Version: '2012-10-17', Statement: [statement] } }],
      ...boundary(input),
    },
  };
}

function managed(policies: readonly string[]): JsonObject {
  return policies.length === 0 ? {} : { ManagedPolicyArns: [...policies] };
}

function boundary({ permissionsBoundary }: TargetTemplateInput): JsonObject {
  return permissionsBoundary === undefined ? {} : { PermissionsBoundary: permissionsBoundary };
}

function arnOf(resource: string): JsonObject {
  return { 'Fn::GetAtt': [resource, 'Arn'] };
}

function substituted(rest: string): JsonObject {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:${rest}` };
}

const all = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
const look = ['get', 'list', 'watch'];

/** Kinds that applications usually hold. Nodes, other people's admission hooks and certificates are not among them. */
const usual: readonly (readonly [group: string, resources: readonly string[]])[] = [
  [
    '',
    [
      'configmaps',
      'limitranges',
      'namespaces',
      'persistentvolumeclaims',
      'resourcequotas',
      'secrets',
      'serviceaccounts',
      'services',
    ],
  ],
  ['apps', ['daemonsets', 'deployments', 'statefulsets']],
  ['autoscaling', ['horizontalpodautoscalers']],
  ['batch', ['cronjobs', 'jobs']],
  ['networking.k8s.io', ['ingresses', 'ingressclasses', 'networkpolicies']],
  ['policy', ['poddisruptionbudgets']],
  ['rbac.authorization.k8s.io', ['clusterrolebindings', 'clusterroles', 'rolebindings', 'roles']],
  ['apiextensions.k8s.io', ['customresourcedefinitions']],
];

function clusterManifests(installation: string, { apiGroups = [] }: ClusterTarget): string {
  const name = `holdfast-${installation}`;
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules: [
      ...usual.map(([group, resources]) => ({ apiGroups: [group], resources: [...resources], verbs: all })),
      ...(apiGroups.length === 0 ? [] : [{ apiGroups: [...apiGroups], resources: ['*'], verbs: all }]),
      // Why something does not get healthy stands in these.
      { apiGroups: [''], resources: ['events', 'pods'], verbs: look },
      { apiGroups: ['apps'], resources: ['replicasets'], verbs: look },
    ],
  };
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: clusterGroup(installation) }],
  };
  return [role, binding].map((one) => stringify(one, { lineWidth: 0 })).join('---\n');
}
