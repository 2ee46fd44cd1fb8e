// The journal: what was written is there again, whatever the moment at which the process ended.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ObjectStore } from '../../../../lib/adapters/sandbox/cluster/store/objects.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const object = (name: string, value = 1) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'n' },
  value,
});
const contents = (store: ObjectStore) => store.list('configmaps').map(({ text }) => text);

describe('the stored objects', () => {
  test('are there again after the store was opened anew, with the same versions', () => {
    const file = path.join(tempDir(), 'journal');
    const first = new ObjectStore(file);
    first.put('configmaps', object('a'));
    first.put('configmaps', object('b'));
    first.remove(first.put('configmaps', object('c')));
    const before = contents(first);
    const { version } = first;
    first.close();
    const again = new ObjectStore(file);
    expect(contents(again)).toEqual(before);
    expect(again.version).toBe(version);
    again.close();
  });

  test('are there up to the last whole line when the file was cut off anywhere', () => {
    const directory = tempDir();
    const file = path.join(directory, 'journal');
    const store = new ObjectStore(file);
    const states: string[][] = [[]];
    for (const name of ['a', 'b', 'a']) {
      store.put('configmaps', object(name, states.length));
      states.push(contents(store));
    }
    store.close();
    const bytes = readFileSync(file);
    fc.assert(
      fc.property(fc.nat(bytes.length), (length) => {
        const cut = path.join(directory, `cut-${length}`);
        writeFileSync(cut, bytes.subarray(0, length));
        const opened = new ObjectStore(cut);
        expect(states).toContainEqual(contents(opened));
        // And it can be written to again.
        opened.put('configmaps', object('z'));
        const after = contents(opened);
        opened.close();
        const reopened = new ObjectStore(cut);
        expect(contents(reopened)).toEqual(after);
        reopened.close();
      }),
      { numRuns: 60 },
    );
  });

  test('of a file that is no journal are refused, not overwritten', () => {
    const file = path.join(tempDir(), 'journal');
    appendFileSync(file, 'something else\nentirely\n');
    expect(() => new ObjectStore(file)).toThrow('cannot be read');
    expect(readFileSync(file, 'utf8')).toBe('something else\nentirely\n');
  });

  test('survive the rewriting of a long journal', () => {
    const file = path.join(tempDir(), 'journal');
    const store = new ObjectStore(file);
    const filler = 'x'.repeat(20_000);
    for (let round = 0; round < 300; round++) store.put('configmaps', { ...object('a', round), filler });
    store.put('configmaps', object('b'));
    const before = contents(store);
    expect(readFileSync(file).length).toBeLessThan(5_000_000);
    store.close();
    const again = new ObjectStore(file);
    expect(contents(again)).toEqual(before);
    expect(again.version).toBe(302);
    again.close();
  });

  test('tell a watcher what it missed, and that it missed too much', () => {
    const store = new ObjectStore(path.join(tempDir(), 'journal'));
    const { version } = store.put('configmaps', object('a'));
    store.put('configmaps', object('b'));
    expect(store.since(version)?.map(({ type, stored }) => [type, stored.key])).toEqual([['ADDED', 'n/b']]);
    for (let round = 0; round < 2_100; round++) store.put('configmaps', object('c', round));
    expect(store.since(version)).toBeUndefined();
    store.close();
  });

  test('know what names them as owner', () => {
    const store = new ObjectStore(path.join(tempDir(), 'journal'));
    const owned = { ...object('a'), metadata: { name: 'a', namespace: 'n', ownerReferences: [{ uid: 'u' }] } };
    store.put('configmaps', owned);
    expect(store.dependentsOf('u').map(({ key }) => key)).toEqual(['n/a']);
    store.put('configmaps', object('a'));
    expect(store.dependentsOf('u')).toEqual([]);
    store.close();
  });
});
