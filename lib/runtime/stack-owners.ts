// Which application waits for a stack: events of CloudFormation name an operation or a stack, and no application.
import { ownerDigest } from '../core/cloudformation/ownership.ts';
import type { Application, TargetSpec } from '../core/config/model.ts';
import type { Hash } from '../core/json.ts';
import type { Store } from '../core/reconcile/store.ts';

interface Parts {
  readonly installation: string;
  readonly store: Pick<Store, 'getValue' | 'setValue'>;
  readonly hash: Hash;
}

const byDigest = (digest: string): string => `owner/${digest}`;
const byPlace = (region: string, stack: string): string => `owner/stack/${region}/${stack}`;

/** Written before an operation begins whose events are to be understood. Twice the same writes nothing. */
export async function rememberStackOwner(
  { installation, store, hash }: Parts,
  app: Application,
  target: TargetSpec,
): Promise<void> {
  if (app.stack === undefined) return;
  const owner = { installation, application: app.id, stack: app.stack.name };
  const names = [byDigest(ownerDigest(owner, hash))];
  if (target.kind === 'cloudformation') names.push(byPlace(target.region, app.stack.name));
  for (const name of names) {
    const before = await store.getValue(name);
    if (before !== app.id) await store.setValue(name, app.id, before);
  }
}

/** The application that owns a stack, by the 16 hex digits in a token of its operations or by the stack's ARN. */
export async function stackOwner(store: Pick<Store, 'getValue'>, digestOrArn: string): Promise<string | undefined> {
  const [, , , region = '', , resource = ''] = digestOrArn.split(':');
  const [kind, stack = ''] = resource.split('/');
  const name = kind === 'stack' ? byPlace(region, stack) : byDigest(digestOrArn);
  const found = await store.getValue(name);
  return typeof found === 'string' ? found : undefined;
}
