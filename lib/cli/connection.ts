// The stack that a command needs, with the caller's credentials: what `connect`, `doctor` and `target add` begin with.
import type { AwsSession, InstallationStack, StackApi } from '../adapters/aws/stack-api.ts';
import { HoldfastError } from '../core/errors.ts';
import type { CommandFlags } from './flags.ts';
import { defaultStack, namedStack } from './server.ts';

export interface Connection {
  readonly session: AwsSession;
  readonly stack: InstallationStack;
  readonly api: StackApi;
}

/** The stack that is named, else `Holdfast`. The SDK is loaded here, not before. */
export async function openConnection(flags: CommandFlags): Promise<Connection> {
  const { findStack, openSession, stackApi } = await import('../adapters/aws/stack-api.ts');
  const session = await openSession();
  const stack = await findStack(session, namedStack(flags) ?? defaultStack);
  return { session, stack, api: stackApi(session, stack) };
}

/** An output that an older stack may lack. Throws `StackOutputMissing`. */
export function output(stack: InstallationStack, name: string): string {
  const value = stack.outputs[name];
  if (value !== undefined && value !== '') return value;
  throw new HoldfastError({
    code: 'StackOutputMissing',
    source: 'user',
    message: `Stack ${stack.name} has no output ${name}: it was deployed by an older version`,
    next: 'npx cdk deploy',
  });
}

/** Where webhooks of an alias go. */
export function webhookAddress(stack: InstallationStack, alias: string): string {
  const url = output(stack, 'WebhookUrl');
  return /\/webhook(?:\/|$)/.test(url) ? url : new URL(`webhook/${alias}`, url.endsWith('/') ? url : `${url}/`).href;
}
