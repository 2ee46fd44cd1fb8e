// Reads and writes one object by an address that somebody with rights has made: nothing else is needed.
import { HoldfastError } from '../../core/errors.ts';

/** What is at the address. Throws `BlobAddressFailed`. */
export async function fetchBytes(address: string, signal: AbortSignal): Promise<Uint8Array> {
  const response = await ask(address, { signal });
  return new Uint8Array(await response.arrayBuffer());
}

/** Writes to the address. Throws `BlobAddressFailed`. */
export async function storeBytes(address: string, bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> {
  await ask(address, { method: 'PUT', body: bytes, signal });
}

async function ask(address: string, request: RequestInit): Promise<Response> {
  const response = await fetch(address, request).catch((cause: unknown) => {
    throw failed('no answer', cause);
  });
  if (response.ok) return response;
  await response.body?.cancel();
  throw failed(`status ${response.status}`);
}

/** The address holds a signature, so it is never said. */
function failed(reason: string, cause?: unknown): HoldfastError {
  return new HoldfastError({
    code: 'BlobAddressFailed',
    source: 'system',
    message: 'The inputs of a rendering could not be read, or its result not be written',
    reason,
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}
