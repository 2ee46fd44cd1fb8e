// Base64 to text, for a core that has no host functions.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The UTF-8 text that base64 stands for; undefined when it is not base64, or not text. */
export function decodeBase64(base64: string): string | undefined {
  const digits = base64.replace(/[\r\n]/g, '').replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(digits) || digits.length % 4 === 1) return undefined;
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const digit of digits) {
    bits = ((bits << 6) | alphabet.indexOf(digit)) & 0xffffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push((bits >> count) & 0xff);
  }
  return decodeUtf8(bytes);
}

function decodeUtf8(bytes: readonly number[]): string | undefined {
  const encoded: string[] = [];
  for (const byte of bytes) encoded.push(`%${byte.toString(16).padStart(2, '0')}`);
  try {
    return decodeURIComponent(encoded.join(''));
  } catch {
    return undefined;
  }
}
