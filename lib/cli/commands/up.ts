// `holdfast up` (npm start): everything in one process on 127.0.0.1 until Ctrl-C.
import type { RunnerEvent } from '../../runtime/home.ts';
import { type LocalServer, startLocal } from '../../runtime/local.ts';
import { createLog, createScrubber } from '../../runtime/log.ts';
import { exitCodes, usage } from '../exit.ts';
import { type CommandFlags, text, wantsJson } from '../flags.ts';
import { stopOnInterrupt } from '../interrupt.ts';
import { eventLine } from '../events.ts';
import { paintOut, writeOut } from '../output.ts';

export async function run(_names: readonly string[], flags: CommandFlags): Promise<number> {
  const json = wantsJson(flags);
  const stop = stopOnInterrupt({ saving: true });
  const early: RunnerEvent[] = [];
  let ready = false;
  const print = createLog({
    scrubber: createScrubber(),
    ...(json ? {} : { line: (event: RunnerEvent) => eventLine(event, paintOut) }),
    write: (line) => process.stdout.write(line),
  });
  // The ready line is the first one that a script reads.
  const emit = (event: RunnerEvent): void => {
    if (!ready) early.push(event);
    else print(event);
  };
  const root = rootOf(text(flags, 'root'));
  const server = await startLocal({
    dataDir: text(flags, 'data') ?? '.holdfast',
    examples: flags['examples'] !== false,
    emit,
    ...portOf(flags),
    ...(root === undefined ? {} : { root }),
    ...(text(flags, 'kubeconfig') === undefined ? {} : { kubeconfig: text(flags, 'kubeconfig') }),
    ...(flags['rotateWebhookSecret'] === true ? { rotateWebhookSecret: true } : {}),
    ...(text(flags, 'installation') === undefined ? {} : { installation: text(flags, 'installation') }),
  });
  await writeOut(json ? readyJson(server) : readyText(server, flags));
  ready = true;
  for (const event of early) print(event);
  await new Promise<void>((resolve) => {
    if (stop.stopped()) resolve();
    stop.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await server.close();
  return exitCodes.interrupted;
}

function portOf(flags: CommandFlags): { port?: number } {
  const given = text(flags, 'port');
  if (given === undefined) return {};
  const port = Number(given);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw usage(`${JSON.stringify(given)} is not a port`);
  return { port };
}

/** URL or path with an optional #BRANCH. */
function rootOf(given: string | undefined): { url: string; branch: string } | undefined {
  if (given === undefined) return undefined;
  const hash = given.lastIndexOf('#');
  if (hash < 0) return { url: given, branch: 'main' };
  return { url: given.slice(0, hash), branch: given.slice(hash + 1) || 'main' };
}

function readyJson(server: LocalServer): string {
  const { git, webhook, api, root, tokenFile, secretFile } = server;
  return `${JSON.stringify({ event: 'ready', git, webhook, api, root: root.url, branch: root.branch, tokenFile, secretFile })}\n`;
}

function readyText(server: LocalServer, flags: CommandFlags): string {
  const dim = (line: string): string => paintOut('dim', line);
  const data = text(flags, 'data') ?? '.holdfast';
  const suffix = data === '.holdfast' ? '' : ` --data ${data}`;
  const lines = [
    `${paintOut('bold', 'Holdfast')} follows ${server.root.url} (${server.root.branch})`,
    '',
    `  Git       ${server.git}        ${dim('push to any NAME.git and it is there')}`,
    `  Webhook   ${server.webhook}/root  ${dim(`signed, secret in ${server.secretFile}`)}`,
    `  API       ${server.api}    ${dim(`token in ${server.tokenFile}`)}`,
    `  State     ${data}`,
    '',
    'Next:',
    ...(server.builtIn
      ? [
          `  git clone ${server.git}/demo.git ${dim('# edit something in it, commit, git push, and watch here')}`,
          `  npx holdfast status${suffix}`,
          `  npx holdfast sandbox edit deployment/web -n web spec.replicas=5${suffix} ${dim('# and watch the drift be healed')}`,
        ]
      : [`  npx holdfast status${suffix}`, `  npx holdfast drift${suffix}`, `  npx holdfast history APP${suffix}`]),
    '',
    dim(
      'Ctrl-C stops; the state is kept. The sandbox cluster and sandbox stacks are embedded, for trying and testing.',
    ),
    '',
  ];
  return `${lines.join('\n')}\n`;
}
