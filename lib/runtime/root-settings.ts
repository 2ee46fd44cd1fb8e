// Which repository an installation follows: given when the stack was deployed, or stored by `holdfast connect`.
import { stateTooNew } from '../core/reconcile/rows.ts';
import type { Store } from '../core/reconcile/store.ts';
import { HoldfastError } from '../core/errors.ts';
import { isObject, type Json } from '../core/json.ts';

export interface RootSettings {
  readonly v: 1;
  readonly url: string;
  readonly branch: string;
  /** Git host, where the URL does not tell. */
  readonly host?: string;
  /** A secret of the user's own with the credentials. */
  readonly secretArn?: string;
}

const name = 'root';

/** What the stack was given, out of HOLDFAST_ROOT; undefined when nothing was. Throws `FunctionEnvironment`. */
export function fixedRoot(text: string | undefined): RootSettings | undefined {
  if (text === undefined || text === '') return undefined;
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw unreadable();
  }
  const settings = settingsOf(value);
  if (settings === undefined) throw unreadable();
  return settings;
}

/** The repository to follow now; undefined while none is connected. Throws `StateTooNew`. */
export async function rootSettings(
  store: Pick<Store, 'getValue'>,
  fixed: RootSettings | undefined,
): Promise<RootSettings | undefined> {
  if (fixed !== undefined) return fixed;
  const kept = await store.getValue(name);
  const version = isObject(kept) ? kept['v'] : undefined;
  if (typeof version === 'number' && version > 1) throw stateTooNew(`value ${name}`, version, 1);
  return settingsOf(kept);
}

/** Stores it. The last word counts: two people who connect at once are told what is followed by `holdfast status`. */
export async function storeRoot(store: Store, settings: RootSettings): Promise<void> {
  const kept: Json = { ...settings };
  for (;;) {
    if (await store.setValue(name, kept, await store.getValue(name))) return;
  }
}

function settingsOf(value: Json | undefined): RootSettings | undefined {
  if (!isObject(value)) return undefined;
  const { url, branch, host, secretArn } = value;
  if (typeof url !== 'string' || typeof branch !== 'string') return undefined;
  return {
    v: 1,
    url,
    branch,
    ...(typeof host === 'string' ? { host } : {}),
    ...(typeof secretArn === 'string' ? { secretArn } : {}),
  };
}

function unreadable(): HoldfastError {
  return new HoldfastError({
    code: 'FunctionEnvironment',
    source: 'system',
    message: 'HOLDFAST_ROOT does not name a repository and a branch',
    next: 'Deploy the stack again: npx cdk deploy',
  });
}
