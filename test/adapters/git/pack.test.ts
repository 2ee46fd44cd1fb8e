import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePack } from '../../../lib/adapters/git/commit.ts';
import { objectId } from '../../../lib/adapters/git/objects.ts';
import { indexPack } from '../../../lib/adapters/git/pack-index.ts';
import { checkFrame, pktLine, readPktLines } from '../../../lib/adapters/git/pkt-line.ts';
import { defaultGitLimits } from '../../../lib/core/source/git.ts';
import { commitAll, git, workTree, writeFiles } from '../../support/git.ts';
import { tempDir } from '../../support/temp-dir.ts';

const sealed = (body: Buffer): Buffer => Buffer.concat([body, createHash('sha1').update(body).digest()]);

/** A pack with these raw objects: header bytes, then what is compressed. */
function packOf(
  objects: readonly { readonly header: readonly number[]; readonly data: Uint8Array }[],
  count = objects.length,
): Buffer {
  const head = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  head.writeUInt32BE(count, 8);
  const parts = objects.flatMap(({ header, data }) => [Buffer.from(header), deflateSync(data)]);
  return sealed(Buffer.concat([head, ...parts]));
}

describe('the index of a pack', () => {
  test.each([
    ['deltas on offsets', ['--delta-base-offset']],
    ['deltas on ids', []],
  ])("is git's own, byte for byte, with %s", async (_name, options) => {
    const work = join(tempDir(), 'work');
    const noise = randomBytes(20_000).toString('base64');
    await workTree(work, { 'big.txt': noise, 'dir/a.txt': 'a', empty: '' });
    for (let number = 0; number < 30; number += 1) {
      writeFiles(work, { 'big.txt': `${number}\n${noise}${number}`, [`dir/${number}.txt`]: noise.slice(number) });
      await commitAll(work, `commit ${number}`);
    }
    await git(work, 'tag', '-a', '-m', 'tag', 'v1');
    const objects = await git(work, 'rev-list', '--objects', '--all');
    const args = ['-c', 'pack.threads=1', 'pack-objects', '-q', '--window=50', '--depth=200', ...options, 'pack'];
    execFileSync('git', args, { cwd: work, input: `${objects}\n` });
    const name = readdirSync(work).find((file) => file.endsWith('.pack')) ?? '';
    const indexed = await indexPack(readFileSync(join(work, name)), defaultGitLimits);
    expect(indexed.index.equals(readFileSync(join(work, name.replace('.pack', '.idx'))))).toBe(true);
  });

  test('is right for what we pack ourselves', async () => {
    const bodies = ['', 'x', 'x'.repeat(15), 'x'.repeat(16), 'x'.repeat(2047), 'x'.repeat(2048), 'x'.repeat(300_000)];
    const objects = bodies.map((text) => {
      const body = Buffer.from(text);
      return { type: 'blob' as const, id: objectId('blob', body), body };
    });
    const { offsets } = await indexPack(encodePack([...objects, ...objects]), defaultGitLimits);
    expect([...offsets.keys()].sort()).toEqual(objects.map((object) => object.id).sort());
  });
});

describe('a pack that lies', () => {
  const blob = (text: string) => ({ header: [0x30 | text.length], data: Buffer.from(text) });

  test.each([
    ['is empty', Buffer.alloc(0), 'GitPackTruncated'],
    ['is no pack', sealed(Buffer.from('KCAP\0\0\0\x02\0\0\0\x01xxxxxxxxxx', 'latin1')), 'GitPackCorrupt'],
    ['claims 2^32 - 1 objects', packOf([blob('a')], 0xffffffff), 'GitPackTooLarge'],
    ['claims one object more than it has', packOf([blob('a')], 2), 'GitPackTruncated'],
    ['has more than it claims', packOf([blob('a'), blob('b')], 1), 'GitPackCorrupt'],
    ['has a wrong checksum', Buffer.concat([packOf([blob('a')]).subarray(0, -20), Buffer.alloc(20)]), 'GitPackCorrupt'],
    ['says less than it inflates to', packOf([{ header: [0x31], data: Buffer.alloc(1_000_000) }]), 'GitPackCorrupt'],
    ['says more than it inflates to', packOf([{ header: [0x3f], data: Buffer.from('a') }]), 'GitPackCorrupt'],
    [
      'declares a blob of 16 GiB',
      packOf([{ header: [0xb0, 0x80, 0x80, 0x80, 0x80, 0x01], data: Buffer.from('a') }]),
      'GitBlobTooLarge',
    ],
    [
      'declares a size without end',
      packOf([{ header: [0xb0, ...Array.from({ length: 12 }, () => 0xff), 1], data: Buffer.from('a') }]),
      'GitPackCorrupt',
    ],
    ['has a type that is none', packOf([{ header: [0x51], data: Buffer.from('a') }]), 'GitPackCorrupt'],
    ['has a delta before its start', packOf([{ header: [0x62, 0x7f], data: Buffer.from([1, 1]) }]), 'GitPackCorrupt'],
    ['has a delta on itself', packOf([{ header: [0x62, 0x00], data: Buffer.from([1, 1]) }]), 'GitPackCorrupt'],
    [
      'has a delta on an id that is not there',
      packOf([{ header: [0x72, ...Buffer.alloc(20, 7)], data: Buffer.from([1, 1]) }]),
      'GitPackCorrupt',
    ],
    [
      'has a delta that makes 16 GiB',
      packOf([blob('a'), { header: [0x67, 10], data: Buffer.from([1, 0x80, 0x80, 0x80, 0x80, 0x40, 0x01]) }]),
      'GitBlobTooLarge',
    ],
  ])('because it %s is refused', async (_name, pack, code) => {
    await expect(indexPack(pack, defaultGitLimits)).rejects.toMatchObject({ code });
  });

  test('a delta that copies from beyond its base is refused', async () => {
    const first = { header: [0x31], data: Buffer.from('a') };
    const distance = deflateSync(first.data).length + 1;
    const delta = { header: [0x66, distance], data: Buffer.from([1, 4, 0x91, 0, 4, 0]) };
    await expect(indexPack(packOf([first, delta]), defaultGitLimits)).rejects.toMatchObject({ code: 'GitPackCorrupt' });
  });

  test('many blobs that together fill gigabytes are refused', async () => {
    const zeros = deflateSync(Buffer.alloc(1_000_000));
    const size = 1_000_000;
    const header = Buffer.from([
      0xb0 | (size & 15),
      0x80 | ((size >> 4) & 127),
      0x80 | ((size >> 11) & 127),
      size >> 18,
    ]);
    const head = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
    head.writeUInt32BE(1000, 8);
    const pack = sealed(Buffer.concat([head, ...Array.from({ length: 1000 }, () => [header, zeros]).flat()]));
    const limits = { ...defaultGitLimits, packBytes: 2_000_000 };
    await expect(indexPack(pack, limits)).rejects.toMatchObject({ code: 'GitPackTooLarge' });
  });

  test('no damage passes, and none makes it hang or throw anything else', async () => {
    const objects = ['a', 'b'.repeat(100), 'c'.repeat(5000)].map((text) => {
      return { type: 'blob' as const, id: objectId('blob', Buffer.from(text)), body: Buffer.from(text) };
    });
    const pack = encodePack(objects);
    const damaged = fc.asyncProperty(
      fc.nat(pack.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (at, mask, seal) => {
        const copy = Buffer.from(pack);
        copy.writeUInt8((copy[at] ?? 0) ^ mask, at);
        const bytes = seal ? sealed(copy.subarray(0, -20)) : copy;
        // With a right checksum it may be another pack that is sound.
        return await indexPack(bytes, defaultGitLimits).then(
          () => seal,
          (error: { code?: string }) => error.code?.startsWith('Git') === true,
        );
      },
    );
    await expect(fc.assert(damaged, { numRuns: 300 })).resolves.toBeUndefined();
  });
});

describe('pkt-lines', () => {
  test('are read as they were written', () => {
    const bytes = Buffer.concat([pktLine('größe\n'), pktLine(), pktLine('')]);
    expect(readPktLines(bytes).map((line) => line?.toString())).toEqual(['größe\n', undefined, '']);
  });

  test.each(['zzzz', '0003', '0010short', '00'])('%j is refused', (text) => {
    expect(() => readPktLines(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'GitProtocol' }));
  });

  test('an answer is complete only when it ends in a flush, however it is cut into chunks', () => {
    const whole = Buffer.concat([pktLine('NAK\n'), pktLine('x'.repeat(300)), pktLine()]);
    const property = fc.property(fc.nat(whole.length), fc.array(fc.integer({ min: 1, max: 50 })), (length, sizes) => {
      const chunks: Buffer[] = [];
      let at = 0;
      for (const size of [...sizes, length]) {
        chunks.push(whole.subarray(at, Math.min(at + size, length)));
        at = Math.min(at + size, length);
      }
      return checkFrame(chunks).complete === (length === whole.length);
    });
    expect(() => fc.assert(property)).not.toThrow();
  });

  test('an error of the host is found', () => {
    expect(checkFrame([pktLine('ERR upload-pack: not our ref\n')])).toEqual({
      complete: true,
      error: 'upload-pack: not our ref',
    });
  });
});
