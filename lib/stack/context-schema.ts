// The keys of cdk.json context: types, defaults, meanings. The page of settings is made from this.
import * as z from 'zod';
import { driftDefault, driftRange } from '../core/config/defaults.ts';
import { durationFault, nameFault, nameLengths } from '../core/config/formats.ts';
import { defaultPrefix } from './names.ts';

/** Text with a check of its own, which answers what is wrong. */
function text(check: (value: string) => string | undefined): z.ZodString {
  return z.string().check((context) => {
    const message = check(context.value);
    if (message !== undefined) context.issues.push({ code: 'custom', input: context.value, message });
  });
}

const shaped = (pattern: RegExp, form: string): z.ZodString =>
  text((value) => (pattern.test(value) ? undefined : `"${value}" is not ${form}`));

const arn = (service: string, resource: string, form: string): z.ZodString =>
  shaped(new RegExp(`^arn:aws[a-z-]*:${service}:${resource}$`), form);

const account = shaped(/^[0-9]{12}$/, 'an account id: twelve digits, in quotes');
const region = shaped(/^[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}$/, 'a region, such as eu-west-1');
const roleArn = arn(
  'iam',
  ':[0-9]{12}:role/[\\w+=,.@/-]{1,512}',
  'the ARN of a role, such as arn:aws:iam::111122223333:role/name',
);
const resourceId = (prefix: string): z.ZodString =>
  shaped(new RegExp(`^${prefix}-[0-9a-z]+$`), `an id such as ${prefix}-0123456789abcdef0`);
const whole = (least: number, most: number): z.ZodInt => z.int().min(least).max(most);
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

export const hosts = [
  'github',
  'gitlab',
  'bitbucket',
  'gitea',
  'azure-devops',
  'codecommit',
  'codeconnections',
  'generic',
] as const;

const url = text((value) => {
  if (/^codecommit::[a-z0-9-]+:\/\/\S+$/.test(value)) return undefined;
  if (!URL.canParse(value)) return `"${value}" is not a URL`;
  const { protocol, username, password } = new URL(value);
  // The value is not repeated: it holds what must not be shown.
  if (username !== '' || password !== '')
    return 'has credentials in it: put them into the secret of the Git credentials';
  return protocol === 'https:' || protocol === 'http:' ? undefined : `"${value}" is not an https URL`;
});

const root = z.strictObject({
  url: url.describe('URL of the root repository, without credentials.'),
  branch: text((value) => (/^[^\s~^:?*[\\]+$/.test(value) ? undefined : `"${value}" is not a branch`)).describe(
    'Branch that is followed.',
  ),
  host: z.enum(hosts).optional().describe('Kind of Git host; guessed from the URL when absent.'),
  secretArn: arn('secretsmanager', '[a-z0-9-]+:[0-9]{12}:secret:[\\w/+=.@-]+', 'the ARN of a secret')
    .optional()
    .describe('Your own secret with the credentials of this repository.'),
});

const cluster = z.strictObject({
  name: shaped(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, 'the name of an EKS cluster').describe('Name of the cluster.'),
  region: region.optional().describe('Its region; that of the stack when absent.'),
  account: account.optional().describe('Its account; that of the stack when absent.'),
});

const vpc = z.strictObject({
  id: resourceId('vpc').describe('Id of the VPC.'),
  subnets: z.array(resourceId('subnet')).min(1).describe('Subnets of the function, one for each availability zone.'),
  securityGroups: z
    .array(resourceId('sg'))
    .min(1)
    .optional()
    .describe('Security groups of the function; one that may only go out on port 443 is made when absent.'),
  routeTables: z
    .array(resourceId('rtb'))
    .min(1)
    .optional()
    .describe(
      'Route tables that get gateway endpoints for S3 and DynamoDB, which are free; none are made when absent.',
    ),
  interfaceEndpoints: z
    .boolean()
    .optional()
    .describe(
      'Whether to make interface endpoints for what the function calls. They cost by the hour; the price is printed.',
    )
    .meta({ default: false }),
});

/** Every key, with its meaning. */
export const contextSchema = z.strictObject({
  stackName: shaped(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'the name of a stack')
    .optional()
    .describe(`Name of the stack. Default: \`Holdfast\`, or \`Holdfast-<prefix>\` with another prefix.`),
  prefix: text((value) => nameFault(value, nameLengths.installation)?.message)
    .optional()
    .describe(
      'Name of the installation: in every name that is given, and in the marks on what it makes. Two installations of one account and region need two, and so do any two, wherever they are, that reach the same cluster or the same stacks: objects marked with the name are its own.',
    )
    .meta({ default: defaultPrefix }),
  root: root.optional().describe('The root repository. Without it the stack waits for `holdfast connect`.'),
  targetRoles: z
    .array(roleArn)
    .optional()
    .describe('Roles of targets that the runner may assume; no others.')
    .meta({ default: [] }),
  clusters: z
    .array(cluster)
    .optional()
    .describe(
      'Clusters of targets without a role that may be described. Default: all of this account and region. It tells their address; entry needs an access entry in the cluster.',
    ),
  vpc: vpc.optional().describe('Network of the reconcile function, for clusters that are reached from inside only.'),
  driftEvery: text((value) => durationFault(value, driftRange)?.message)
    .optional()
    .describe('How often drift is looked for where an application does not say it.')
    .meta({ default: driftDefault }),
  logLevel: z
    .enum(['DEBUG', 'INFO', 'WARN', 'ERROR'])
    .optional()
    .describe('Least level of the logs.')
    .meta({ default: 'INFO' }),
  logRetentionDays: z
    .int()
    .check((context) => {
      if (retentionDays.includes(context.value)) return;
      const message = `${context.value} is not a number of days that CloudWatch Logs knows: ${retentionDays.join(', ')}`;
      context.issues.push({ code: 'custom', input: context.value, message });
    })
    .optional()
    .describe('Days that logs are kept.')
    .meta({ default: 30 }),
  permissionsBoundary: arn('iam', ':(?:[0-9]{12}|aws):policy/[\\w+=,.@/-]+', 'the ARN of a managed policy')
    .optional()
    .describe('Managed policy that becomes the boundary of every role of the stack.'),
  eventAccounts: z
    .array(account)
    .optional()
    .describe(
      'Other accounts that may forward their ECR, CodeCommit and CloudFormation events, and whose events are believed.',
    )
    .meta({ default: [] }),
  encryptionKeyArn: arn('kms', '[a-z0-9-]+:[0-9]{12}:key/[0-9a-z-]+', 'the ARN of a KMS key')
    .optional()
    .describe(
      'Your KMS key for the bucket, the table and the secrets. Default: keys that AWS owns, which cost nothing.',
    ),
  webhookReservedConcurrency: whole(1, 1000)
    .optional()
    .describe(
      'Most deliveries that are looked at at the same time; taken from the concurrency of the account. Default: not limited.',
    ),
  alarmEmail: shaped(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'an e-mail address')
    .optional()
    .describe('Address that is told of alarms, drift and failed runs; it must confirm the subscriptions.'),
  codecommitRepositories: z
    .array(arn('codecommit', '[a-z0-9-]+:[0-9]{12}:[\\w.-]+', 'the ARN of a CodeCommit repository'))
    .optional()
    .describe(
      'CodeCommit repositories that may be read, and written for image updates. Default: the root if it is one; those of the account and region while no root is set; else none.',
    ),
  connections: z
    .array(
      arn(
        '(?:codeconnections|codestar-connections)',
        '[a-z0-9-]+:[0-9]{12}:connection/[0-9a-f-]+',
        'the ARN of a connection',
      ),
    )
    .optional()
    .describe('CodeConnections connections that may be used, besides the one in the URL of the root.')
    .meta({ default: [] }),
  imageRepositories: z
    .array(arn('ecr', '[a-z0-9-]+:[0-9]{12}:repository/[a-z0-9._/*-]+', 'the ARN of an ECR repository'))
    .optional()
    .describe('ECR repositories whose tags may be read. Default: those of this account and region.'),
  concurrency: z
    .strictObject({
      source: whole(2, 1000).optional().describe('Repositories at a time.').meta({ default: 4 }),
      reconcile: whole(2, 1000).optional().describe('Batches of applications at a time.').meta({ default: 8 }),
    })
    .optional()
    .describe('How many workers a queue may have at a time.'),
});
