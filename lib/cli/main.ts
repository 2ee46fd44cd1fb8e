// The command line: commands, flags and help. What a command does stands in its own file and is loaded only when it runs.
import { Command, CommanderError, Option } from 'commander';
import { asFailure, type Failure, type HoldfastError } from '../core/errors.ts';
import { awsCommands } from './aws-commands.ts';
import { exitCodeOf, exitCodes, usage } from './exit.ts';
import { type Action, dataFlag, installationFlag, jsonFlag, stackFlag, type Wrap } from './options.ts';
import { Refusal } from '../runtime/select.ts';
import { failureJson, failureLines, paintErr, tolerateClosedPipes } from './output.ts';
import { problemsFailure, showProblems } from './problems.ts';

const exitText = `
Exit codes:
  0    ok; for plan and drift: no differences
  1    differences found (plan, drift)
  2    error
  3    wrong usage
  4    not allowed (credentials, rights)
  5    applied, but not healthy
  124  timed out
  130  interrupted
`;

/** Builds the program. `finish` gets the exit code of the command that ran; with `json`, wrong usage is left to the caller to say. */
export function buildProgram(finish: (code: number) => void, json = false): Command {
  const program = new Command('holdfast');
  program
    .description('What runs in your clusters and stacks is what your Git repositories say.')
    .version('0.1.0')
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .addHelpText('after', exitText)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput(json ? { writeErr: () => undefined } : {});
  const action =
    (load: () => Promise<{ readonly run: Action }>) =>
    async (...given: unknown[]): Promise<void> => {
      const command = given.at(-1) as Command;
      finish(await (await load()).run(command.args, command.optsWithGlobals()));
    };
  serving(program, action);
  offline(program, action);
  applying(program, action);
  talking(program, action);
  awsCommands(program, action);
  sandbox(program, action);
  program.commands.forEach(inherit);
  return program;
}

/** Sub-commands take over the settings of the program, and `--json` everywhere means `-o json`. */
function inherit(command: Command): void {
  command.exitOverride().showSuggestionAfterError(true);
  if (command.options.every((option) => option.long !== '--json'))
    command.addOption(new Option('--json', 'the same as -o json'));
  command.commands.forEach(inherit);
}

function serving(program: Command, action: Wrap): void {
  program
    .command('up')
    .description('serve everything on this machine until Ctrl-C')
    .option('--root <url>', 'root repository, URL or path, with #BRANCH (default: demo.git of the built-in Git host)')
    .option('--port <n>', 'port on 127.0.0.1 (kept in the data directory)')
    .addOption(dataFlag())
    .option('--rotate-webhook-secret', 'make a new webhook secret; the one in use stays good until the next time')
    .option('--no-examples', 'do not seed demo.git with the examples')
    .option('--kubeconfig <file>', 'kubeconfig for kubeconfig targets')
    .addOption(installationFlag())
    .addOption(jsonFlag())
    .action(action(async () => await import('./commands/up.ts')));
  program
    .command('demo')
    .description('the same runner unattended: push, apply, drift, heal, images, rollback')
    .option('--keep', 'leave the data directory')
    .action(action(async () => await import('./commands/demo.ts')));
}

function sourceFlags(command: Command): Command {
  return command
    .option('--repo <path>', 'repository or directory', '.')
    .addOption(
      new Option('--revision <rev>', 'commit, branch or tag instead of the working tree').conflicts('worktree'),
    )
    .option('--worktree', 'the files as they lie there: tracked, and untracked ones that are not ignored');
}

function offline(program: Command, action: Wrap): void {
  sourceFlags(program.command('validate'))
    .description('config and rendering of every application, offline')
    .addOption(jsonFlag())
    .action(action(async () => await import('./commands/validate.ts')));
  sourceFlags(program.command('render <app>'))
    .description('desired state of an application as the renderer gives it')
    .addOption(new Option('-o, --output <form>', 'form of the answer').choices(['yaml', 'json']).default('yaml'))
    .option('--kube-version <version>', 'passed to helm template')
    .option('--api-versions <list>', 'passed to helm template, comma-separated')
    .option('--enable-helm', 'let Kustomize use helmCharts that are in the repository')
    .action(action(async () => await import('./commands/render.ts')));
}

function targetFlags(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'file for kubeconfig targets')
    .option('--context <name>', 'context instead of the one that kubeconfig targets name')
    .option('--target <name>', 'which target --context is for, when there are several')
    .addOption(installationFlag())
    .addOption(dataFlag())
    .addOption(jsonFlag());
}

function applying(program: Command, action: Wrap): void {
  targetFlags(sourceFlags(program.command('plan [apps...]')))
    .description('what apply would change; exit 0 nothing, 1 changes, 2 error')
    .action(action(async () => await import('./commands/plan.ts')));
  targetFlags(sourceFlags(program.command('apply [apps...]')))
    .description(
      'apply once, in this process, without a server: what HEAD says, unless --worktree or --revision is given',
    )
    .option('-y, --yes', 'do not ask')
    .option('--wait', 'wait for health (so it is by default)')
    .option('--no-wait', 'do not wait for health')
    .option('--timeout <duration>', 'how long to wait for health', '10m')
    .option('--prune', 'confirm deletes')
    .option('--no-prune', 'delete nothing')
    .action(action(async () => await import('./commands/apply.ts')));
}

function talking(program: Command, action: Wrap): void {
  const verb = (name: string, text: string): Command =>
    program.command(name).description(text).addOption(stackFlag()).addOption(dataFlag()).addOption(jsonFlag());
  verb('status [app]', 'sync and health of every application').action(
    action(async () => await import('./commands/status.ts')),
  );
  verb('sync <app>', 'look now and apply what Git wants')
    .option('--prune', 'confirm the deletes of the next plan')
    .action(action(async () => (await import('./commands/verb.ts')).command('sync')));
  verb('history <app>', 'runs of an application, newest first').action(
    action(async () => await import('./commands/history.ts')),
  );
  verb('drift [app]', 'what differs from what was applied; exit 0 nothing, 1 drift').action(
    action(async () => await import('./commands/drift.ts')),
  );
  verb('suspend <app>', 'stop writing; drift is still reported').action(
    action(async () => (await import('./commands/verb.ts')).command('suspend')),
  );
  verb('resume <app>', 'write again, and follow Git again after a rollback').action(
    action(async () => (await import('./commands/verb.ts')).command('resume')),
  );
  verb('rollback <app>', 'go back to what an earlier run applied, and stay there')
    .option('--to <run>', 'run of `holdfast history` (default: the one before the current)')
    .action(action(async () => (await import('./commands/verb.ts')).command('rollback')));
  const dlq = program.command('dlq').description('messages that could not be handled');
  dlq
    .command('list')
    .description('list them')
    .addOption(stackFlag())
    .addOption(dataFlag())
    .addOption(jsonFlag())
    .action(action(async () => await import('./commands/dlq-list.ts')));
  dlq
    .command('redrive [id]')
    .description('send one (or all) again')
    .addOption(stackFlag())
    .addOption(dataFlag())
    .addOption(jsonFlag())
    .action(action(async () => await import('./commands/dlq-redrive.ts')));
  verb('doctor', 'what this machine has and what is missing').action(
    action(async () => await import('./commands/doctor.ts')),
  );
}

function sandbox(program: Command, action: Wrap): void {
  const group = program
    .command('sandbox')
    .description('change the embedded cluster and stacks by hand, to try drift and images');
  const verb = (name: string, text: string): Command =>
    group.command(name).description(text).addOption(dataFlag()).addOption(jsonFlag());
  verb('get [subject]', 'list objects of a kind, show one (deployment/web), or a stack (stack/NAME)')
    .option('-n, --namespace <name>', 'namespace')
    .action(action(async () => await import('./commands/sandbox-get.ts')));
  verb(
    'edit <subject> <changes...>',
    'change a live object: deployment/web spec.replicas=5, or stack/NAME/LOGICAL Property=value',
  )
    .option('-n, --namespace <name>', 'namespace')
    .action(action(async () => await import('./commands/sandbox-edit.ts')));
  verb('delete <subject>', 'delete a live object')
    .option('-n, --namespace <name>', 'namespace')
    .action(action(async () => await import('./commands/sandbox-delete.ts')));
  const image = group.command('image').description('the embedded image registry');
  image
    .command('push <image>')
    .description('REPO:TAG: as if a build had pushed it')
    .addOption(dataFlag())
    .addOption(jsonFlag())
    .action(action(async () => await import('./commands/sandbox-image-push.ts')));
  verb('kubeconfig', 'path of a kubeconfig for the embedded cluster').action(
    action(async () => await import('./commands/sandbox-kubeconfig.ts')),
  );
}

/** Whether the caller asked for JSON: also known when the command line itself is wrong. */
function asksJson(argv: readonly string[]): boolean {
  const words = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  return words.some(
    (word, index) =>
      word === '--json' ||
      word === '-ojson' ||
      word === '--output=json' ||
      ((word === '-o' || word === '--output') && words[index + 1] === 'json'),
  );
}

/** Runs one command line; answers the exit code and never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  tolerateClosedPipes();
  if (argv.includes('--no-color')) process.env['NO_COLOR'] = '1';
  const json = asksJson(argv);
  let code: number = exitCodes.ok;
  const program = buildProgram((given) => (code = given), json);
  try {
    if (argv.length === 0) {
      program.outputHelp({ error: true });
      return exitCodes.usage;
    }
    if (argv[0] === 'help' && argv[1] === 'exit-codes') {
      process.stdout.write(exitText.trimStart());
      return exitCodes.ok;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok;
      if (json) process.stderr.write(failureJson(wrongUsage(error).toFailure()));
      return exitCodes.usage;
    }
    say(error, json);
    return exitCodeOf(error);
  }
}

/** A mistake of ours: people need a way to look further and to report it. */
function withDebugHint(failure: Failure, error: unknown): Failure {
  if (failure.code !== 'Internal') return failure;
  if ((process.env['HOLDFAST_DEBUG'] ?? '') !== '' && error instanceof Error)
    process.stderr.write(`${error.stack ?? error.message}\n`);
  return { ...failure, next: 'This is a mistake in Holdfast: HOLDFAST_DEBUG=1 shows where; please report it' };
}

/** An error on stderr; of a refusal every problem, and then what follows. */
function say(error: unknown, json: boolean): void {
  const failure = withDebugHint(asFailure(error), error);
  if (json) {
    if (error instanceof Refusal && error.problems.length > 1) showProblems(error.problems, true);
    process.stderr.write(failureJson(failure));
  } else if (error instanceof Refusal) {
    showProblems(error.problems);
    const what = error.object === undefined ? 'Nothing was done' : `Nothing was done for ${error.object}`;
    process.stderr.write(failureLines(problemsFailure(error.problems, what), paintErr));
  } else process.stderr.write(failureLines(failure, paintErr));
}

/** `error: unknown command 'pln'\n(Did you mean plan?)` as one of our errors. */
function wrongUsage(error: CommanderError): HoldfastError {
  if (error.code === 'commander.help') return usage('a command is missing', 'holdfast --help');
  const [first = '', ...more] = error.message.split('\n');
  const hint = more
    .join(' ')
    .trim()
    .replace(/^\((.*)\)$/, '$1');
  return usage(first.replace(/^error: /, ''), hint === '' ? 'holdfast --help' : hint);
}
