// What the sandbox verbs share: the running server's sandbox, and how a subject is written.
import { runningSandbox } from '../runtime/open.ts';
import { openHand, type SandboxHand, type Subject } from '../runtime/sandbox-cluster.ts';
import type { ServerFile } from '../runtime/server-file.ts';
import { usage } from './exit.ts';
import { type CommandFlags, text } from './flags.ts';
import { findServer } from './server.ts';

export type SandboxSubject =
  | { readonly kind: 'object'; readonly subject: Subject }
  | { readonly kind: 'stack'; readonly stack: string; readonly logicalId: string };

/** `deployment/web`, `deployments`, or `stack/NAME/LOGICALID`. */
export function parseSubject(word: string, flags: CommandFlags): SandboxSubject {
  const [kind = '', name, third] = word.split('/');
  if (kind === 'stack') {
    if (name === undefined || third === undefined || name === '' || third === '')
      throw usage(`${JSON.stringify(word)} does not name a resource of a stack`, 'Write stack/NAME/LOGICALID');
    return { kind: 'stack', stack: name, logicalId: third };
  }
  if (kind === '' || third !== undefined)
    throw usage(`${JSON.stringify(word)} does not name an object`, 'Write for example deployment/web -n NAMESPACE');
  return {
    kind: 'object',
    subject: {
      kind,
      namespace: text(flags, 'namespace') ?? 'default',
      ...(name === undefined || name === '' ? {} : { name }),
    },
  };
}

/** The sandbox of the running server. Throws `ServerNotRunning`. */
export async function withSandbox<T>(
  flags: CommandFlags,
  work: (sandbox: NonNullable<ServerFile['sandbox']>) => Promise<T>,
): Promise<T> {
  return await work(runningSandbox(await findServer(text(flags, 'data') ?? '.holdfast')));
}

/** A hand on the embedded cluster, closed afterwards. */
export async function withHand<T>(flags: CommandFlags, work: (hand: SandboxHand) => Promise<T>): Promise<T> {
  return await withSandbox(flags, async (sandbox) => {
    const hand = await openHand(sandbox.kubeconfig);
    try {
      return await work(hand);
    } finally {
      hand.close();
    }
  });
}
