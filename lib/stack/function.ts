// One Lambda function with its own role and its own log group. The role holds what is listed and the right to write that log.
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { type FunctionName, metricsNamespace } from './names.ts';
import { acknowledgeBroad, allow, type Right } from './rights.ts';

/** What is the same for all functions of an installation. */
export interface FunctionDefaults {
  readonly prefix: string;
  readonly logLevel: string;
  readonly logRetentionDays: number;
  /** The bundled code of a function. */
  readonly code: (name: FunctionName) => lambda.Code;
}

export interface FunctionOptions {
  readonly name: FunctionName;
  readonly description: string;
  /** MiB; processor time grows with it. */
  readonly memory: number;
  readonly timeout?: Duration;
  readonly environment?: Readonly<Record<string, string>>;
  /** All that the function may do, besides writing its log. */
  readonly rights?: readonly Right[];
  readonly architecture?: lambda.Architecture;
  readonly layers?: readonly lambda.ILayerVersion[];
  readonly reservedConcurrency?: number;
  /** Whether its environment names the installation; rendering does not need it. */
  readonly anonymous?: boolean;
}

/** A function and what was made for it. */
export interface RunnerFunction {
  readonly fn: lambda.Function;
  readonly role: iam.Role;
  readonly logGroup: logs.LogGroup;
}

/** Makes the function `options.name` in `scope`. */
export function runnerFunction(scope: Construct, defaults: FunctionDefaults, options: FunctionOptions): RunnerFunction {
  // Logs are no state: they go with the stack, which lets a second installation of the same name come up.
  const logGroup = new logs.LogGroup(scope, 'Logs', {
    retention: defaults.logRetentionDays as logs.RetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = roleOf(scope, options, logGroup);
  const fn = new lambda.Function(scope, 'Function', {
    description: `Holdfast ${defaults.prefix}: ${options.description}`,
    code: defaults.code(options.name),
    handler: 'index.handler',
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: options.architecture ?? lambda.Architecture.ARM_64,
    memorySize: options.memory,
    timeout: options.timeout ?? Duration.seconds(30),
    environment: environmentOf(defaults, options),
    role,
    logGroup,
    ...(options.layers === undefined ? {} : { layers: [...options.layers] }),
    ...(options.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: options.reservedConcurrency }),
  });
  acknowledge(scope, {
    'Serverless-LambdaDLQ':
      'Queues and callers keep what a function fails on; events go to an on-failure destination, which the rule does not see.',
    'AwsSolutions-L1': 'The newest runtime that Lambda has for Node.js; the rule may not know it yet.',
    'Serverless-LambdaTracing':
      'X-Ray would need rights on every resource; one correlation id goes through all logs instead.',
  });
  return { fn, role, logGroup };
}

function roleOf(scope: Construct, options: FunctionOptions, logGroup: logs.LogGroup): iam.Role {
  const writeLog = allow('WriteOwnLog', ['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);
  const rights = [writeLog, ...(options.rights ?? [])];
  const role = new iam.Role(scope, 'Role', {
    description: `Holdfast ${options.name}: ${options.description}`,
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    // In the role itself, not beside it: the function can never run before it has its rights, and they are read in one place.
    inlinePolicies: {
      rights: new iam.PolicyDocument({ statements: rights.map(({ statement }) => statement) }),
    },
  });
  acknowledgeBroad(role, rights);
  return role;
}

function environmentOf(defaults: FunctionDefaults, options: FunctionOptions): Record<string, string> {
  return {
    ...(options.anonymous === true ? {} : { HOLDFAST_INSTALLATION: defaults.prefix }),
    POWERTOOLS_SERVICE_NAME: options.name,
    POWERTOOLS_METRICS_NAMESPACE: metricsNamespace,
    POWERTOOLS_LOG_LEVEL: defaults.logLevel,
    ...options.environment,
  };
}
