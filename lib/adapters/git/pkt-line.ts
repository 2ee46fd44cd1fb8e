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

/**
 * Checks the frame of an answer that is in chunks, without putting them together: whether it goes to its end, which is a flush,
 * and what the host said went wrong (`ERR …`), if it did.
 */
export function checkFrame(chunks: readonly Buffer[]): {
  readonly complete: boolean;
  readonly error: string | undefined;
} {
  let digits = '';
  let left = 0;
  let ended = false;
  let line = '';
  for (const chunk of chunks) {
    let at = 0;
    while (at < chunk.length) {
      if (left === 0) {
        digits += String.fromCharCode(chunk[at] ?? 0);
        at += 1;
        if (digits.length < 4) continue;
        const length = /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : -1;
        if (length < 0 || (length > 0 && length < 4)) return { complete: false, error: undefined };
        digits = '';
        line = '';
        ended = length === 0;
        left = Math.max(0, length - 4);
        continue;
      }
      const take = Math.min(left, chunk.length - at);
      if (line.length < 500) line += chunk.toString('utf8', at, at + Math.min(take, 500));
      left -= take;
      at += take;
      if (left === 0 && line.startsWith('ERR ')) return { complete: true, error: line.slice(4).trim() };
    }
  }
  return { complete: ended && left === 0 && digits === '', error: undefined };
}
