// Git's pkt-line framing: four hexadecimal digits of length, then the bytes; `0000` ends a part.
import { HoldfastError } from '../../core/errors.ts';

/** One line; without text a flush. */
export function pktLine(text?: string): Buffer {
  if (text === undefined) return Buffer.from('0000');
  const body = Buffer.from(text);
  return Buffer.concat([Buffer.from((body.length + 4).toString(16).padStart(4, '0')), body]);
}

/** Lines of an answer; undefined stands for a flush. Throws `GitProtocol` when the bytes are anything else. */
export function readPktLines(bytes: Buffer): readonly (Buffer | undefined)[] {
  const lines: (Buffer | undefined)[] = [];
  let at = 0;
  while (at < bytes.length) {
    const digits = bytes.toString('latin1', at, at + 4);
    const length = /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : -1;
    if (length === 0) {
      lines.push(undefined);
      at += 4;
      continue;
    }
    if (length < 4 || at + length > bytes.length) {
      throw new HoldfastError({
        code: 'GitProtocol',
        source: 'remote',
        message: 'The answer of the Git host is not in the format of Git',
        retryable: true,
        next: 'Check the URL of the repository',
      });
    }
    lines.push(bytes.subarray(at + 4, at + length));
    at += length;
  }
  return lines;
}
