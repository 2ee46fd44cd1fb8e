// UTF-8 to text and back. Core names no host types, but every host has these two, so they are taken from the global object.

interface Decoder {
  decode(bytes: Uint8Array): string;
}
interface Codecs {
  readonly TextDecoder: new (label: string, options: { fatal: boolean; ignoreBOM: boolean }) => Decoder;
  readonly TextEncoder: new () => { encode(text: string): Uint8Array };
}
const codecs = globalThis as unknown as Codecs;
const lenient = new codecs.TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
const strict = new codecs.TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new codecs.TextEncoder();

/** Text of UTF-8 bytes; what is not UTF-8 becomes U+FFFD. A byte order mark is kept. */
export function decodeUtf8(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

/** Text of UTF-8 bytes, or undefined when they are not UTF-8. A byte order mark is kept. */
export function decodeStrictUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** UTF-8 bytes of text. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}
