// The pages about the stack: its settings, from the schema of the context, and the rights of its functions, from the template itself.
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import * as z from 'zod';
import type { Json } from '../lib/core/json.ts';
import { contextSchema } from '../lib/stack/context-schema.ts';
import { HoldfastStack } from '../lib/stack/stack.ts';
import { rowsBelow, table } from './config-docs.ts';
import { type RightLine, rightLines } from './rights-table.ts';

/** docs/stack.md. */
export function stackPage(): string {
  const schema = z.toJSONSchema(contextSchema, { io: 'input', unrepresentable: 'any' }) as Json;
  return [
    '# Settings of the stack',
    '',
    '<!-- Made by `npm run gen` from lib/stack/context-schema.ts; edit the schema there. -->',
    '',
    'They stand under `context` in `cdk.json`, or come by `-c key=value`, where a value that is no text is JSON (a list may also be written with',
    'commas). None is required. All that is wrong is told at once, before anything is made. A CDK app of your own gives the same to the',
    '`Holdfast` construct of `lib/stack/holdfast.ts` as props.',
    '',
    '```json',
    '{',
    '  "context": {',
    '    "root": { "url": "https://github.com/example/fleet.git", "branch": "main" },',
    '    "targetRoles": ["arn:aws:iam::444455556666:role/hf-holdfast-prod"],',
    '    "alarmEmail": "ops@example.com"',
    '  }',
    '}',
    '```',
    '',
    ...table(rowsBelow(schema, '')),
    '',
    '## Two installations',
    '',
    'Give the second one another `prefix`: its stack is then `Holdfast-<prefix>`. They share nothing but the account.',
    '',
    'Two that reach the same cluster, or stacks of the same account and region, need two prefixes even when they are in two regions or two accounts, where AWS would',
    'let both be called `holdfast`: the prefix is in the marks on every object, so each would take what the other made for its own, and overwrite it or offer it for pruning.',
    '',
    '## Clusters inside a network',
    '',
    '`vpc` puts the reconcile function, and only that, into your subnets. Let its security group (output `ReconcileSecurityGroups`) into that of the cluster on',
    'port 443. From there it must reach S3 and DynamoDB (`routeTables`, free) and STS, Lambda, SQS, CloudFormation, EKS, EventBridge and Secrets Manager: by a NAT',
    'gateway of yours, or by `interfaceEndpoints`, whose monthly price is printed at synthesis and is an output. One endpoint of a service with private DNS is',
    'possible for a VPC: leave it off where there are some already.',
    '',
    '## After `cdk destroy`',
    '',
    'Workloads stay as they are. The table, the bucket and the secrets stay, too, with what Holdfast remembers; delete them by hand when you are sure (the table has',
    'deletion protection). A new installation of the same prefix begins with a new table, bucket and secrets; what it finds under its own name in clusters and stacks is its own.',
    '',
  ].join('\n');
}

/** Who can make a function do what. The rights beside it come from the template. */
const callers: Readonly<Record<string, readonly [who: string, what: string]>> = {
  webhook: ['anybody; with a valid signature: the Git host', 'ring for one repository'],
  codecommit: ['CodeCommit events of believed accounts', 'ring for the repository that they name'],
  image: ['ECR events of believed accounts', 'ring for the repositories that follow the image'],
  tick: ['the clock', 'ring for what is due; remove blobs that nothing points at'],
  'tick-schedule': ['EventBridge Scheduler', 'start the tick'],
  'notify-tell': ['the two rules of the stack', 'tell people'],
  source: ['a message in its queue', 'read Git with the stored credentials, write the catalogue, push image updates'],
  render: ['reconcile', 'run kubectl and helm on what a repository says'],
  reconcile: ['a message in its queue', 'what the roles of the targets allow'],
  'stack-event': ['CloudFormation events of believed accounts', 'wake the run whose token they carry'],
  api: [
    'callers with rights on its URL',
    'write down what people want; show state, masked; list and redrive dead letters',
  ],
};

/** Stands for whatever is listed. */
const listedRole = 'arn:aws:iam::111122223333:role/listed';

const begin = '<!-- rights: made by `npm run gen` -->';
const end = '<!-- /rights -->';

/** The page with its table of rights made anew. Throws when the markers are missing. */
export function withRights(page: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new RangeError(`the page needs ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${rightsRows().join('\n')}\n\n${page.slice(to)}`;
}

function rightsRows(): readonly string[] {
  const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
  const stack = new HoldfastStack(app, 'Holdfast', {
    holdfast: {
      code: () => Code.fromInline('exports.handler = async () => undefined;'),
      targetRoles: [listedRole],
    },
  });
  const lines = rightLines(Template.fromStack(stack).toJSON() as Parameters<typeof rightLines>[0]);
  const rows = Object.entries(callers).map(([name, [who, what]]) => {
    const own = lines.filter((line) => line.who === name && line.sid !== 'WriteOwnLog').map(cell);
    return `| ${name} | ${who} | ${what} | ${own.length === 0 ? 'none' : own.join('<br>')} |`;
  });
  return [
    '| function | who can make it | do what | its rights, besides writing its own log |',
    '|---|---|---|---|',
    ...rows,
  ];
}

function cell({ actions, resources }: RightLine): string {
  return `\`${actions.join(' ')}\` on ${resources.map((one) => (one === listedRole ? 'the roles in `targetRoles`' : `\`${one}\``)).join(', ')}`;
}
