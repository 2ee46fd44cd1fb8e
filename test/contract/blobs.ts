// What every blob store promises. Contracts §3 and §8.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Blobs } from '../../lib/core/reconcile/store.ts';

/** Runs the suite. `make` is called in each test and cleans up after it. */
export function blobsContract(name: string, make: () => Blobs | Promise<Blobs>): void {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const text = (found: Uint8Array | undefined): string | undefined =>
    found === undefined ? undefined : new TextDecoder().decode(found);

  describe(`${name}: blobs`, () => {
    it('gives back the bytes that were put, empty ones too', async () => {
      const blobs = await make();
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      await blobs.put('inputs/abc', all);
      await blobs.put('inputs/empty', new Uint8Array());
      expect(new Uint8Array((await blobs.get('inputs/abc'))!)).toEqual(all);
      expect((await blobs.get('inputs/empty'))!).toHaveLength(0);
      expect(await blobs.has('inputs/abc')).toBe(true);
    });

    it('says undefined for what is not there', async () => {
      const blobs = await make();
      expect(await blobs.get('inputs/abc')).toBeUndefined();
      expect(await blobs.has('inputs/abc')).toBe(false);
      await blobs.delete('inputs/abc');
    });

    it('puts the same key twice', async () => {
      const blobs = await make();
      await blobs.put('desired/abc', bytes('same'));
      await blobs.put('desired/abc', bytes('same'));
      expect(text(await blobs.get('desired/abc'))).toBe('same');
    });

    it('deletes one blob', async () => {
      const blobs = await make();
      await blobs.put('a/b', bytes('1'));
      await blobs.put('a/c', bytes('2'));
      await blobs.delete('a/b');
      expect(await blobs.has('a/b')).toBe(false);
      expect(await blobs.list('a/')).toEqual(['a/c']);
    });

    it('lists keys by any prefix, in order', async () => {
      const blobs = await make();
      const keys = ['inputs/aa', 'inputs/ab', 'inputs/b', 'inputs/a/deep/er', 'inventory/main/shop@prod', 'top'];
      for (const key of keys) await blobs.put(key, bytes(key));
      expect(await blobs.list('')).toEqual([...keys].sort());
      expect(await blobs.list('inputs/a')).toEqual(['inputs/a/deep/er', 'inputs/aa', 'inputs/ab']);
      expect(await blobs.list('inputs/a/')).toEqual(['inputs/a/deep/er']);
      expect(await blobs.list('in')).toEqual([...keys].sort().slice(0, 5));
      expect(await blobs.list('none/')).toEqual([]);
    });

    it('tells apart keys that differ in case, or where one continues the other', async () => {
      const blobs = await make();
      const keys = ['a', 'a/b', 'A', 'A/b', 'a/B', 'a/.b', 'a/b.', 'a/~'.replace('~', '_'), 'a/b/c'];
      for (const key of keys) await blobs.put(key, bytes(key));
      for (const key of keys) expect(text(await blobs.get(key))).toBe(key);
      expect(await blobs.list('')).toEqual([...keys].sort());
    });

    it('is not changed by a buffer that is written to afterwards', async () => {
      const blobs = await make();
      const buffer = bytes('before');
      await blobs.put('a', buffer);
      buffer.fill(0);
      const got = await blobs.get('a');
      got!.fill(0);
      expect(text(await blobs.get('a'))).toBe('before');
    });

    it.each([
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/./b',
      'a\\b',
      'a\0b',
      'a b',
      'a%2fb',
      'a/~00',
      'ä',
      'x'.repeat(151),
      'abcdefghi/'.repeat(60),
    ])('refuses the key %j', async (key) => {
      const blobs = await make();
      const invalid = { code: 'BlobKeyInvalid' };
      await expect(blobs.put(key, bytes('x'))).rejects.toMatchObject(invalid);
      await expect(blobs.get(key)).rejects.toMatchObject(invalid);
      await expect(blobs.has(key)).rejects.toMatchObject(invalid);
      await expect(blobs.delete(key)).rejects.toMatchObject(invalid);
      expect(await blobs.list('')).toEqual([]);
    });

    it('never leaves its place, whatever a key or prefix says', async () => {
      const blobs = await make();
      await blobs.put('inside/a', bytes('x'));
      const prefix = fc.stringMatching(/^[a./~%\\]{0,12}$/);
      const property = fc.asyncProperty(prefix, async (any) => {
        const found = await blobs.list(any);
        expect(found).toEqual('inside/a'.startsWith(any) ? ['inside/a'] : []);
      });
      await fc.assert(property, { numRuns: 100 });
    });
  });
}
