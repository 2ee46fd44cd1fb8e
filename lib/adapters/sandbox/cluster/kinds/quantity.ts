// Resource quantities in the one spelling that the server keeps: `1000m` is stored as `1`, `1024Mi` as `1Gi`, the number 1 as "1".
import type { Json } from '../../../../core/json.ts';

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const PARTS = /^([+-]?)(\d*)(?:\.(\d*))?(?:(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E)|[eE]([+-]?\d+))?$/;

/** The canonical text of a quantity, `undefined` for what is none. */
export function canonicalQuantity(value: Json): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return undefined;
  const match = PARTS.exec(text);
  if (match === null || `${match[2]}${match[3] ?? ''}` === '') return undefined;
  const [, sign = '', integer = '', fraction = '', suffix, exponent] = match;
  const negative = sign === '-' ? '-' : '';
  const digits = BigInt(`${integer}${fraction}` || '0');
  if (digits === 0n) return '0';
  const scale = -fraction.length;
  if (suffix?.endsWith('i')) {
    const bytes = digits * 1024n ** BigInt(BINARY.indexOf(suffix));
    const whole = scaled(bytes, scale);
    // A fraction of a byte has no binary suffix.
    return negative + (whole === undefined ? decimal(bytes, scale) : binary(whole));
  }
  const power = scale + (exponent === undefined ? 3 * (DECIMAL.indexOf(suffix ?? '') - 3) : Number(exponent));
  return negative + (exponent === undefined ? decimal(digits, power) : scientific(digits, power));
}

/** `digits * 10^power` when it is whole. */
function scaled(digits: bigint, power: number): bigint | undefined {
  if (power >= 0) return digits * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return digits % divisor === 0n ? digits / divisor : undefined;
}

function binary(bytes: bigint): string {
  let value = bytes;
  let suffix = 0;
  while (suffix < BINARY.length - 1 && value % 1024n === 0n) {
    value /= 1024n;
    suffix++;
  }
  return `${value}${BINARY[suffix]}`;
}

/** The largest suffix that keeps the number whole. */
function reduced(digits: bigint, power: number): readonly [bigint, number] {
  let value = digits;
  let exponent = power;
  while (value % 10n === 0n) {
    value /= 10n;
    exponent++;
  }
  while (exponent % 3 !== 0) {
    value *= 10n;
    exponent--;
  }
  return [value, exponent];
}

function decimal(digits: bigint, power: number): string {
  let [value, exponent] = reduced(digits, power);
  // Nothing in a resource list is smaller than a thousandth: the server rounds up.
  while (exponent < -3) {
    value = (value + 999n) / 1000n;
    exponent += 3;
  }
  while (exponent > 18) {
    value *= 1000n;
    exponent -= 3;
  }
  return `${value}${DECIMAL[exponent / 3 + 3]}`;
}

function scientific(digits: bigint, power: number): string {
  const [value, exponent] = reduced(digits, power);
  return exponent === 0 ? String(value) : `${value}e${exponent}`;
}
