// Hashes, ids and the installation's key: what the core receives as arguments.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Hash, Hmac } from '../core/json.ts';
import type { Store } from '../core/reconcile/store.ts';
import { asJson } from './rows.ts';

export const sha256: Hash = (data) => createHash('sha256').update(data).digest('hex');

/** An HMAC under a key given as hex. */
export function hmacWith(keyHex: string): Hmac {
  const key = Buffer.from(keyHex, 'hex');
  return (data) => createHmac('sha256', key).update(data).digest('hex');
}

/** Ids that sort by time: 9 characters of milliseconds in base 36, then 7 random ones. */
export function timeId(now: number): string {
  return `${now.toString(36).padStart(9, '0')}${randomBytes(5).toString('hex').slice(0, 7)}`;
}

/** Who this installation is. The key never leaves the data directory. */
export interface Installation {
  readonly name: string;
  /** Hex, 32 bytes: digests over values that may be secret are keyed with it. */
  readonly key: string;
  /** Hex, 32 bytes: webhooks of the built-in Git host are signed with it. */
  readonly webhookSecret: string;
}

/** The stored installation, made on first use. A name that differs from the stored one wins and is kept. */
export async function loadInstallation(store: Store, name: string | undefined): Promise<Installation> {
  const stored = (await store.getValue('installation')) as unknown as Installation | undefined;
  if (stored !== undefined && (name === undefined || name === stored.name)) return stored;
  const fresh: Installation = {
    key: randomBytes(32).toString('hex'),
    webhookSecret: randomBytes(32).toString('hex'),
    ...stored,
    name: name ?? stored?.name ?? 'local',
  };
  const written = await store.setValue(
    'installation',
    asJson(fresh),
    stored === undefined ? undefined : asJson(stored),
  );
  return written ? fresh : await loadInstallation(store, name);
}
