// The secrets of webhooks, by alias: one, or two while a secret is changed at the Git host.
import type { Secrets } from '../../core/secrets-port.ts';
import { isObject, type Json } from '../../core/json.ts';
import type { Scrubber } from '../log.ts';

/** Secrets of one alias, the current one first; none when there is no such alias or the secret holds no JSON. */
export async function webhookSecrets(
  secrets: Secrets,
  id: string,
  alias: string,
  scrubber: Scrubber,
): Promise<readonly string[]> {
  const found = parse(await secrets.get(id))[alias];
  const listed = typeof found === 'string' ? [found] : Array.isArray(found) ? found : [];
  const texts = listed.filter((one): one is string => typeof one === 'string' && one !== '').slice(0, 2);
  for (const text of texts) scrubber.register(text);
  return texts;
}

function parse(text: string): { readonly [alias: string]: Json | undefined } {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
