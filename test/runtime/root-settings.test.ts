// Which repository is followed: what the stack was deployed for, else what was connected.
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { fixedRoot, rootSettings, storeRoot } from '../../lib/runtime/root-settings.ts';
import { fakeClock } from '../support/fake-clock.ts';

const settings = { v: 1, url: 'https://github.com/acme/shop.git', branch: 'main' } as const;

describe('what the stack was deployed for', () => {
  it('is read, without what is not known', () => {
    const given = { url: settings.url, branch: 'main', host: 'gitea', secretArn: 'arn:aws:secretsmanager:x', other: 1 };
    expect(fixedRoot(JSON.stringify(given))).toEqual({
      ...settings,
      host: 'gitea',
      secretArn: 'arn:aws:secretsmanager:x',
    });
  });

  it.each([undefined, ''])('is nothing: %j', (text) => {
    expect(fixedRoot(text)).toBeUndefined();
  });

  it.each(['{', 'null', '[]', '{"url":"x"}', '{"url":1,"branch":"main"}'])('cannot be read: %s', (text) => {
    expect(() => fixedRoot(text)).toThrow(expect.objectContaining({ code: 'FunctionEnvironment' }));
  });
});

describe('what was connected', () => {
  it('counts until something else is, and never against the stack', async () => {
    const store = memoryStore({ clock: fakeClock() });
    expect(await rootSettings(store, undefined)).toBeUndefined();
    await storeRoot(store, settings);
    expect(await rootSettings(store, undefined)).toEqual(settings);
    const other = { ...settings, url: 'https://github.com/acme/other.git' };
    await storeRoot(store, other);
    expect(await rootSettings(store, undefined)).toEqual(other);
    expect(await rootSettings(store, settings)).toEqual(settings);
  });

  it('is whole when two people connect at once', async () => {
    const store = memoryStore({ clock: fakeClock() });
    const both = ['one', 'two'].map((name) => ({ ...settings, url: `https://github.com/acme/${name}.git` }));
    await Promise.all(both.map(async (one) => await storeRoot(store, one)));
    expect(both).toContainEqual(await rootSettings(store, undefined));
  });

  it('is not guessed when a newer version wrote it', async () => {
    const store = memoryStore({ clock: fakeClock() });
    await store.setValue('root', { ...settings, v: 2 }, undefined);
    await expect(rootSettings(store, undefined)).rejects.toMatchObject({ code: 'StateTooNew' });
    expect(await rootSettings(store, settings)).toEqual(settings);
  });

  it('is nothing when the value is of another form', async () => {
    const store = memoryStore({ clock: fakeClock() });
    await store.setValue('root', { v: 1, url: 5 }, undefined);
    expect(await rootSettings(store, undefined)).toBeUndefined();
  });
});
