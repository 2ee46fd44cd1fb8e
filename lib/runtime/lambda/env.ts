// The environment of a function, read once: everything that is missing is said at once.
import { HoldfastError } from '../../core/errors.ts';

/** What the stack puts into the environment. Names and addresses only: secrets are read where they are kept. */
export const variables = {
  installation: 'HOLDFAST_INSTALLATION',
  table: 'HOLDFAST_TABLE',
  bucket: 'HOLDFAST_BUCKET',
  sourceQueue: 'HOLDFAST_SOURCE_QUEUE',
  reconcileQueue: 'HOLDFAST_RECONCILE_QUEUE',
  sourceDlq: 'HOLDFAST_SOURCE_DLQ',
  reconcileDlq: 'HOLDFAST_RECONCILE_DLQ',
  eventsDlq: 'HOLDFAST_EVENTS_DLQ',
  bus: 'HOLDFAST_BUS',
  renderFunction: 'HOLDFAST_RENDER_FUNCTION',
  keySecret: 'HOLDFAST_KEY_SECRET',
  webhookSecret: 'HOLDFAST_WEBHOOK_SECRET',
  gitSecret: 'HOLDFAST_GIT_SECRET',
  eventAccounts: 'HOLDFAST_EVENT_ACCOUNTS',
} as const;

export type Variable = keyof typeof variables;
type Environment = Readonly<Record<string, string | undefined>>;

/** The named variables. Throws `FunctionEnvironment` with all that are missing. */
export function readEnvironment<const V extends Variable>(
  needs: readonly V[],
  env: Environment = process.env,
): Readonly<Record<V, string>> {
  const missing = needs.map((name) => variables[name]).filter((name) => (env[name] ?? '') === '');
  if (missing.length > 0) {
    throw new HoldfastError({
      code: 'FunctionEnvironment',
      source: 'system',
      message: `The function's environment lacks ${missing.join(', ')}`,
      next: 'Deploy the stack again: npx cdk deploy',
    });
  }
  return Object.fromEntries(needs.map((name) => [name, env[variables[name]] ?? ''])) as Record<V, string>;
}

/** Accounts whose events are believed: the stack names at least its own. */
export function accountsOf({ eventAccounts }: { readonly eventAccounts: string }): readonly string[] {
  return eventAccounts
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
