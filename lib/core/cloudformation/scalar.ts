// What a plain YAML scalar means to CloudFormation: YAML 1.1, except that dates stay text.
import type { Json } from '../json.ts';

/** A scalar's value, and why it may surprise its author. */
export interface ScalarValue {
  readonly value: Json;
  readonly warning?: string;
}

const leadingZero = /^[-+]?0[0-9_]+$/;
const octalDigits = /^[-+]?0[0-7_]+$/;
const sexagesimal = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

function quoteIt(source: string, reading: string): string {
  return `${source} without quotes ${reading}; write '${source}' if the text is meant`;
}

/**
 * The value of an unquoted scalar. `resolved` is what a YAML 1.1 reader without timestamps makes of it.
 * An account id such as 012345678901 without quotes is an octal number to CloudFormation when its digits allow it, so it gets a warning.
 */
export function plainScalar(source: string, resolved: unknown): ScalarValue {
  if (leadingZero.test(source)) {
    if (!octalDigits.test(source)) return { value: source };
    return { value: numberOrText(resolved, source), warning: quoteIt(source, 'is an octal number') };
  }
  if (sexagesimal.test(source) && typeof resolved !== 'string') {
    return { value: numberOrText(resolved, source), warning: quoteIt(source, 'is a base-60 number') };
  }
  if (resolved === null || typeof resolved === 'boolean' || typeof resolved === 'string') return { value: resolved };
  return { value: numberOrText(resolved, source) };
}

/** Digits beyond what a double holds exactly stay text, so that nothing is rounded. */
function numberOrText(resolved: unknown, source: string): Json {
  if (typeof resolved !== 'number' || !Number.isFinite(resolved)) return source;
  return Number.isInteger(resolved) && !Number.isSafeInteger(resolved) ? source : resolved;
}
