// The network of the reconcile function, for clusters whose API is reached from inside only. Nothing is looked up.
import { Annotations, Aws, CfnOutput, Fn } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { RunnerFunction } from './function.ts';
import { pascal } from './names.ts';
import { allow, arnOf, type Right } from './rights.ts';
import type { VpcSettings } from './settings.ts';

/** Services that the function calls and that have no free gateway endpoint. */
export const interfaceServices = ['sts', 'lambda', 'sqs', 'cloudformation', 'eks', 'events', 'secretsmanager'] as const;

/** US dollars of one interface endpoint in one availability zone for a month of 730 hours, without traffic (list price, us-east-1). */
const endpointMonth = 7.3;

const makeInterfaces = [
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];
const describeInterfaces = ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'];

/** What the interface endpoints cost a month, in US dollars: each counts once in every subnet's zone. */
export function endpointsMonthlyPrice(vpc: VpcSettings): number {
  if (vpc.interfaceEndpoints !== true) return 0;
  return Math.round(interfaceServices.length * vpc.subnets.length * endpointMonth * 100) / 100;
}

export class Network extends Construct {
  /** Security groups of the function: allow them into the cluster's own, on port 443. */
  readonly securityGroups: readonly string[];

  constructor(scope: Construct, id: string, vpc: VpcSettings, runner: RunnerFunction) {
    super(scope, id);
    this.securityGroups = vpc.securityGroups ?? [this.#securityGroup(vpc)];
    const resource = runner.fn.node.defaultChild as lambda.CfnFunction;
    resource.vpcConfig = { subnetIds: [...vpc.subnets], securityGroupIds: [...this.securityGroups] };
    this.#denyCode(runner);
    if (vpc.routeTables !== undefined) this.#gateways(vpc.id, vpc.routeTables);
    if (vpc.interfaceEndpoints === true) this.#interfaces(vpc);
  }

  /** What Lambda needs, in the function's role, to put it into the network. */
  static rights(): readonly Right[] {
    return [
      allow('NetworkInterfaces', makeInterfaces, [arnOf('ec2', '*/*')], {
        reason: 'Interfaces get their ids when Lambda makes them; the code itself is denied.',
      }),
      allow('LookAtNetworkInterfaces', describeInterfaces, ['*'], {
        reason: 'EC2 has no resource level for describing; the code itself is denied.',
      }),
    ];
  }

  #securityGroup(vpc: VpcSettings): string {
    const out = (target: Partial<ec2.CfnSecurityGroup.EgressProperty>): ec2.CfnSecurityGroup.EgressProperty => ({
      ipProtocol: 'tcp',
      fromPort: 443,
      toPort: 443,
      description: 'HTTPS to clusters and to AWS',
      ...target,
    });
    const group = new ec2.CfnSecurityGroup(this, 'SecurityGroup', {
      groupDescription: 'Holdfast reconcile: out on port 443 only',
      vpcId: vpc.id,
      securityGroupEgress: [out({ cidrIp: '0.0.0.0/0' }), out({ cidrIpv6: '::/0' })],
    });
    return group.attrGroupId;
  }

  /** The role must have these rights while Lambda makes the interfaces; the code that runs must not. A policy of its own, because it names the function. */
  #denyCode(runner: RunnerFunction): void {
    const policy = new iam.Policy(this, 'CodeMayNot', {
      roles: [runner.role],
      statements: [
        new iam.PolicyStatement({
          sid: 'NotFromCode',
          effect: iam.Effect.DENY,
          actions: [...makeInterfaces, ...describeInterfaces],
          resources: ['*'],
          conditions: { ArnEquals: { 'lambda:SourceFunctionArn': runner.fn.functionArn } },
        }),
      ],
    });
    acknowledge(policy, { 'AwsSolutions-IAM5': 'It denies; a denial has to cover everything.' });
  }

  #gateways(vpcId: string, routeTables: readonly string[]): void {
    for (const service of ['s3', 'dynamodb'] as const) {
      new ec2.CfnVPCEndpoint(this, `${pascal(service)}Gateway`, {
        vpcEndpointType: 'Gateway',
        vpcId,
        serviceName: `com.amazonaws.${Aws.REGION}.${service}`,
        routeTableIds: [...routeTables],
      });
    }
  }

  #interfaces(vpc: VpcSettings): void {
    const group = new ec2.CfnSecurityGroup(this, 'EndpointSecurityGroup', {
      groupDescription: 'Holdfast: HTTPS from reconcile to AWS',
      vpcId: vpc.id,
      securityGroupIngress: this.securityGroups.map((sourceSecurityGroupId) => ({
        ipProtocol: 'tcp',
        fromPort: 443,
        toPort: 443,
        sourceSecurityGroupId,
        description: 'HTTPS from the reconcile function',
      })),
    });
    for (const service of interfaceServices) {
      new ec2.CfnVPCEndpoint(this, `${pascal(service)}Endpoint`, {
        vpcEndpointType: 'Interface',
        vpcId: vpc.id,
        serviceName: `com.amazonaws.${Aws.REGION}.${service}`,
        subnetIds: [...vpc.subnets],
        securityGroupIds: [group.attrGroupId],
        privateDnsEnabled: true,
      });
    }
    const price = `${endpointsMonthlyPrice(vpc).toFixed(2)} USD`;
    const text = `${interfaceServices.length} interface endpoints in ${vpc.subnets.length} availability zones cost about ${price} a month, and traffic (list price of us-east-1)`;
    Annotations.of(this).addInfoV2('holdfast:interface-endpoints', text);
    new CfnOutput(this, 'EndpointsMonthlyPrice', { value: price, description: text }).overrideLogicalId(
      'InterfaceEndpointsMonthlyPrice',
    );
  }

  /** The groups as one text, for an output. */
  get securityGroupList(): string {
    return Fn.join(',', [...this.securityGroups]);
  }
}
