// Hashes, ids and the installation's key: what the core receives as arguments.
import { createHmac, createSecretKey, hash, randomBytes } from 'node:crypto';
import { HoldfastError } from '../core/errors.ts';
import type { Hash, Hmac } from '../core/json.ts';
import type { Store } from '../core/reconcile/store.ts';
import { shown } from '../core/source/path.ts';
import { asJson } from './rows.ts';

export const sha256: Hash = (data) => hash('sha256', data, 'hex');

/** An HMAC under a key given as hex. */
export function hmacWith(keyHex: string): Hmac {
  // A key object is prepared once; raw bytes would be for every digest, which costs four times as much.
  const key = createSecretKey(keyHex, 'hex');
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
  /** The secret before the last rotation: good until the next one, so that a Git host can be changed in between. */
  readonly previousWebhookSecret?: string;
}

/** A name of an installation: a DNS label of at most 20 characters, because it stands in labels and field managers. */
const installationName = /^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/;

/**
 * The stored installation, made on first use. Throws `InstallationName`, and `InstallationOther` when the data directory belongs
 * to one of another name: what it applied carries that name, and nothing of it would be known as ours any more.
 */
export async function loadInstallation(store: Store, name: string | undefined): Promise<Installation> {
  if (name !== undefined && !installationName.test(name)) throw badName(name);
  const stored = (await store.getValue('installation')) as unknown as Installation | undefined;
  if (stored !== undefined) {
    if (name === undefined || name === stored.name) return stored;
    throw otherInstallation(stored.name, name);
  }
  const fresh: Installation = {
    key: randomBytes(32).toString('hex'),
    webhookSecret: randomBytes(32).toString('hex'),
    name: name ?? 'local',
  };
  const written = await store.setValue('installation', asJson(fresh), undefined);
  return written ? fresh : await loadInstallation(store, name);
}

/** A new webhook secret; the one in use stays good until the next rotation. */
export async function rotateWebhookSecret(store: Store, installation: Installation): Promise<Installation> {
  const next: Installation = {
    ...installation,
    webhookSecret: randomBytes(32).toString('hex'),
    previousWebhookSecret: installation.webhookSecret,
  };
  const written = await store.setValue('installation', asJson(next), asJson(installation));
  return written ? next : await loadInstallation(store, installation.name);
}

/** The secrets that a webhook may be signed with, the current one first. */
export function webhookSecretsOf(installation: Installation): readonly string[] {
  const { webhookSecret, previousWebhookSecret } = installation;
  return previousWebhookSecret === undefined ? [webhookSecret] : [webhookSecret, previousWebhookSecret];
}

function badName(name: string): HoldfastError {
  return new HoldfastError({
    code: 'InstallationName',
    source: 'user',
    message: `${JSON.stringify(shown(name))} is no name for an installation: lower-case letters, digits and dashes, at most 20`,
  });
}

function otherInstallation(stored: string, name: string): HoldfastError {
  return new HoldfastError({
    code: 'InstallationOther',
    source: 'user',
    message: `The data directory belongs to installation "${stored}", not to "${name}"`,
    next: `Leave --installation out, or give "${name}" a directory of its own with --data DIR`,
  });
}
