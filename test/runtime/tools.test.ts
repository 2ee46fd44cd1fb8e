// The installation's secrets: made once, kept, and rotated without a moment in which a Git host is refused.
import { expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/clock.ts';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { loadInstallation, rotateWebhookSecret, webhookSecretsOf } from '../../lib/runtime/tools.ts';

test('two webhook secrets are good between two rotations, and the key never changes', async () => {
  const store = memoryStore({ clock: systemClock });
  const first = await loadInstallation(store, undefined);
  expect(webhookSecretsOf(first)).toHaveLength(1);
  const second = await rotateWebhookSecret(store, first);
  expect(webhookSecretsOf(second)).toEqual([second.webhookSecret, first.webhookSecret]);
  const third = await rotateWebhookSecret(store, second);
  expect(webhookSecretsOf(third)).toEqual([third.webhookSecret, second.webhookSecret]);
  expect(await loadInstallation(store, undefined)).toEqual(third);
  expect(third.key).toBe(first.key);
});
