// Request bodies, read as bytes and never further than a limit.
import { Refusal } from './problem.ts';

/** The bytes of a body. Refuses an encoded body (415) and one over `limit` bytes (413), without reading on. */
export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    throw new Refusal(415, {
      code: 'BodyEncoded',
      message: `A body with content-encoding ${JSON.stringify(encoding.slice(0, 40))} is not accepted`,
      hint: 'Send it as it is, without compression',
    });
  }
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge(limit);
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > limit) {
      // Not awaited: a sender that never ends must not keep the answer waiting.
      void reader.cancel().catch(() => {});
      throw tooLarge(limit);
    }
    chunks.push(value);
  }
  return joined(chunks, size);
}

/** Refuses anything that says it is not JSON (415). With it a plain HTML form cannot reach a route that writes. */
export function requireJson(request: Request): void {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return;
  throw new Refusal(415, {
    code: 'BodyNotJson',
    message: 'The body has to be sent as application/json',
    hint: 'For a webhook: choose the content type application/json',
  });
}

/** JSON from bytes; refuses what is not (400). */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new Refusal(400, { code: 'BodyMalformed', message: 'The body is not JSON' });
  }
}

function tooLarge(limit: number): Refusal {
  const problem = {
    code: 'BodyTooLarge',
    message: `The body is larger than ${limit} bytes`,
    hint: 'A push whose webhook is too large is found by the next poll',
  };
  return new Refusal(413, problem, { connection: 'close' });
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
