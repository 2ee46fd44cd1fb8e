// The commands of the first hour on AWS: what is in a repository, connecting it, targets in other accounts, what it costs.
import type { Command } from 'commander';
import { jsonFlag, stackFlag, type Wrap } from './options.ts';

/** Adds them to the program. */
export function awsCommands(program: Command, action: Wrap): void {
  program
    .command('init')
    .description('write holdfast.yaml for what a repository holds; never overwrites')
    .option('--repo <path>', 'repository or directory', '.')
    .option('--target <target>', 'sandbox, kubeconfig[:CONTEXT], eks:CLUSTER[:REGION] or cloudformation[:REGION]')
    .option('--region <region>', 'region of stacks (default: AWS_REGION)')
    .option('-y, --yes', 'do not ask: what is not given is the sandbox')
    .addOption(jsonFlag())
    .action(action(async () => await import('./commands/init.ts')));
  program
    .command('connect <url>')
    .description('make a repository the root of an installation on AWS: checks it, stores its token, makes its webhook')
    .option('--branch <name>', 'branch to follow (default: main)')
    .option('--host <kind>', 'kind of Git host, when the URL does not tell it')
    .option('--token-file <file>', 'file that holds the token, - for stdin (or set HOLDFAST_GIT_TOKEN)')
    .option('--no-webhook', 'make nothing at the host; print what to paste')
    .option('--show-secret', 'print the webhook secret, to paste it')
    .addOption(stackFlag())
    .addOption(jsonFlag())
    .action(action(async () => await import('./commands/connect.ts')));
  program
    .command('cost')
    .description('what an installation on AWS costs a month, from counted requests and dated prices')
    .option('--apps <n>', 'applications (default: a table of 1, 10 and 50)')
    .option('--targets <n>', 'clusters and accounts that they go to (default: 1)')
    .option('--pushes <n>', 'pushes an application and month (default: 60)')
    .option('--drift-every <duration>', 'how often drift is looked for (default: 15m)')
    .addOption(jsonFlag())
    .action(action(async () => await import('./commands/cost.ts')));
  const target = program.command('target').description('places that an installation on AWS delivers to');
  target
    .command('add <name>')
    .description('the role that a target needs: its template, and the lines for holdfast.yaml and cdk.json')
    .option('--kind <kind>', 'eks or cloudformation')
    .option('--cluster <name>', 'name of the EKS cluster')
    .option('--region <region>', 'region of the target (default: that of the stack)')
    .option('--account <id>', 'account of the target (default: that of the stack)')
    .option('--stack-prefix <text>', 'how names of its stacks begin (default: NAME-)')
    .option('--policies <arns>', 'policies with which CloudFormation makes resources (default: PowerUserAccess)')
    .option(
      '--read-policies <arns>',
      'policies with which the runner reads resources, for drift of stacks (default: none)',
    )
    .option('--deploy', 'make the stack of the role, in the account of your credentials')
    .addOption(stackFlag())
    .addOption(jsonFlag())
    .action(action(async () => await import('./commands/target-add.ts')));
}
