// What a YAML scalar means to kubectl: YAML 1.1 as its parser reads it (yes/no/on/off are booleans, 0123 is octal, dates are text).
import type { Json } from '../json.ts';

const words = new Map<string, Json | undefined>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  // No JSON number can hold these; kubectl refuses them too.
  ...['.nan', '.NaN', '.NAN', '.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF', '-.inf', '-.Inf', '-.INF'].map(
    (word) => [word, undefined] as const,
  ),
]);

const integer = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)$/;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const pointFloat = /^\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?$/;
const int64Min = -(2n ** 63n);
const uint64Max = 2n ** 64n - 1n;

function toBigInt(digits: string): bigint {
  const signed = digits.startsWith('-') || digits.startsWith('+');
  const body = signed ? digits.slice(1) : digits;
  const value = BigInt(/^0[0-7]+$/.test(body) ? `0o${body}` : body);
  return digits.startsWith('-') ? -value : value;
}

/** A whole number as JSON, or undefined when a JSON number here would be rounded. */
export function exactInteger(value: bigint): number | undefined {
  const number = Number(value);
  return String(number) === String(value) ? number : undefined;
}

function resolveNumber(text: string): Json | undefined {
  const plain = text.replaceAll('_', '');
  if (integer.test(plain)) {
    const value = toBigInt(plain);
    const fits = value >= int64Min && value <= uint64Max && !(plain.startsWith('+') && value >= 2n ** 63n);
    if (fits) return exactInteger(value);
  }
  if (!float.test(plain)) return text;
  if (/^[-+]?[0-9]+$/.test(plain)) return exactInteger(BigInt(plain.replace('+', '')));
  const number = Number(plain);
  return Number.isFinite(number) ? number + 0 : text;
}

/**
 * The value of an unquoted scalar. `undefined` means: a number that JSON cannot hold exactly (`.inf`, `.nan`, more than 53 bits),
 * which is refused rather than rounded.
 */
export function resolvePlain(text: string): Json | undefined {
  const first = text.charCodeAt(0);
  // Digits and signs.
  if ((first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d) {
    return words.has(text) ? words.get(text) : resolveNumber(text);
  }
  if (first === 0x2e) {
    if (words.has(text)) return words.get(text);
    const number = pointFloat.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN;
    return Number.isFinite(number) ? number : text;
  }
  return text.length <= 5 && words.has(text) ? words.get(text) : text;
}

/** What resolving a scalar with an explicit tag gives: a value, or why it cannot have that tag. */
export type Tagged = { readonly value: Json | undefined } | { readonly wrong: string };

const prefix = 'tag:yaml.org,2002:';
const checks: Readonly<Record<string, (value: Json | undefined) => boolean>> = {
  int: (value) => typeof value === 'number' && Number.isInteger(value),
  float: (value) => typeof value === 'number' || value === undefined,
  bool: (value) => typeof value === 'boolean',
  null: (value) => value === null,
};

const dateLike = /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ][0-9:.]+(?:Z|[-+][0-9:]+)?)?$/;

/** The value of a scalar with a tag, quoted or not. Tags that YAML does not define leave the text as it is. */
export function resolveTagged(tag: string, text: string): Tagged {
  const name = tag.startsWith(prefix) ? tag.slice(prefix.length) : tag.startsWith('!!') ? tag.slice(2) : '';
  if (name === 'binary') return binary(text);
  if (name === 'timestamp')
    return dateLike.test(text) ? { value: text } : { wrong: `"${text.slice(0, 40)}" is not a !!timestamp` };
  const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
  if (check === undefined) return { value: text };
  const value = resolvePlain(text);
  return check(value) ? { value } : { wrong: `"${text.slice(0, 40)}" is not a !!${name}` };
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The text inside a `!!binary` scalar; JSON can only hold it when it is UTF-8. */
function binary(text: string): Tagged {
  const body = text.replace(/[\r\n]/g, '');
  if (body.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(body))
    return { wrong: 'a !!binary value is not valid base64' };
  let percent = '';
  let bits = 0;
  let held = 0;
  for (const character of body.replaceAll('=', '')) {
    bits = ((bits << 6) | alphabet.indexOf(character)) & 0xffffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    percent += `%${((bits >> held) & 0xff).toString(16).padStart(2, '0')}`;
  }
  try {
    return { value: decodeURIComponent(percent) };
  } catch {
    return {
      wrong:
        'a !!binary value is not text in UTF-8: write its base64 as a plain string (in a ConfigMap, under binaryData)',
    };
  }
}

/**
 * A mapping key as kubectl writes it: `yes` -> "true", `0x10` -> "16". `written` is the scalar's text, which tells whole numbers
 * from floats. Undefined when it cannot be a key.
 */
export function keyText(value: Json | undefined, written: string): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number') return undefined;
  return integer.test(written.replaceAll('_', '')) ? String(value) : floatKey(value);
}

/** Shortest text of a 32-bit float, the way the Go library prints a float key. */
function floatKey(value: number): string {
  const single = Math.fround(value);
  let digits = 1;
  while (digits < 9 && Math.fround(Number(single.toPrecision(digits))) !== single) digits += 1;
  const [mantissa = '', exponent = '0'] = single.toExponential(digits - 1).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 21 && power < Math.max(6, mantissa.replace(/[-.]/g, '').length)) {
    return String(Number(`${mantissa}e${power}`));
  }
  const sign = power < 0 ? '-' : '+';
  return `${mantissa}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}
