// The secrets of webhooks, by alias: one, or two while a secret is changed at the Git host.
import type { Secrets } from '../../core/secrets-port.ts';
import { isObject, type Json } from '../../core/json.ts';
import type { Scrubber } from '../log.ts';

export interface WebhookSecretsOptions {
  readonly secrets: Secrets;
  /** ARN of the secret. */
  readonly id: string;
  readonly scrubber: Pick<Scrubber, 'register'>;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

/** A signature that is wrong by the kept secrets has them read again this often at most: a stranger must not make requests of ours. */
const freshEveryMs = 15_000;

/**
 * Secrets of an alias, the current one first; none when there is no such alias or the secret holds no JSON. With `fresh` they are
 * read again, unless that was done a moment ago: a secret that was changed, or is new, counts at once.
 */
export function webhookSecrets(
  options: WebhookSecretsOptions,
): (alias: string, fresh?: boolean) => Promise<readonly string[]> {
  const { secrets, id, scrubber, now } = options;
  let readAt: number | undefined;
  return async (alias, wanted = false) => {
    const fresh = wanted && (readAt === undefined || Math.abs(now() - readAt) >= freshEveryMs);
    if (fresh) readAt = now();
    const all = parse(await secrets.get(id, { fresh }));
    const found = Object.hasOwn(all, alias) ? all[alias] : undefined;
    const listed = typeof found === 'string' ? [found] : Array.isArray(found) ? found : [];
    const texts = listed.filter((one): one is string => typeof one === 'string' && one !== '').slice(0, 2);
    for (const text of texts) scrubber.register(text);
    return texts;
  };
}

function parse(text: string): { readonly [alias: string]: Json | undefined } {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
