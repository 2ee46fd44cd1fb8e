// Writes JSON values as YAML that every reader of manifests understands alike: what YAML 1.1 or 1.2 would take for something else is quoted.
import { isObject, type Json } from '../json.ts';
import { resolvePlain } from './scalar.ts';

/** Only these may stand unquoted, and only if they mean themselves. */
const plain = /^[A-Za-z_/][\w/.+=@,()$<>-]*(?:[ :][\w/.+=@,()$<>-]+)*$/;
/** Words and numbers of YAML 1.1 and 1.2 that kubectl takes for text, but other readers do not. */
const ambiguous = /^(?:[-+.]?[0-9]|[-+]?\.(?:inf|nan)$)/i;
const notInText = /(?![\n\t])[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/u;
/** A first line that begins blank would decide the block's indentation; blanks at the end of a line would be lost on the way. */
const fitsBlock = /^(?![\s\S]*[ \t](?:\n|$))[^ \t\n]/;
const escaped = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function quoted(text: string): string {
  return JSON.stringify(text).replace(escaped, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function inline(text: string): string {
  return plain.test(text) && !ambiguous.test(text) && resolvePlain(text) === text ? text : quoted(text);
}

/** Several lines as a block, where a block can hold them exactly. */
function block(text: string, indent: string): string | undefined {
  const body = text.replace(/\n+$/, '');
  if (!body.includes('\n') || notInText.test(body) || !fitsBlock.test(body)) return undefined;
  const ends = text.length - body.length;
  const lines = body.split('\n').map((line) => (line === '' ? '' : `${indent}${line}`));
  return `|${ends === 0 ? '-' : ends === 1 ? '' : '+'}\n${lines.join('\n')}${'\n'.repeat(Math.max(0, ends - 1))}`;
}

function scalar(value: Json | undefined, indent: string): string {
  if (typeof value === 'string') return block(value, indent) ?? inline(value);
  return JSON.stringify(value ?? null);
}

function isEmpty(value: Json | undefined): boolean {
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

/** Lines of a value; the first goes behind what the caller has written already when it is a scalar. */
function lines(value: Json, indent: string, out: string[]): void {
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[])
      member(`${indent}-`, item, { indent: `${indent}  `, sameLine: true }, out);
    return;
  }
  if (!isObject(value)) {
    out.push(indent + scalar(value, indent));
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    // Keys may not be blocks, and long ones are errors to some parsers unless marked.
    member(`${indent}${inline(key)}:`, item, { indent: `${indent}  `, sameLine: false }, out);
  }
}

function member(
  head: string,
  value: Json,
  place: { readonly indent: string; readonly sameLine: boolean },
  out: string[],
): void {
  if (isEmpty(value)) out.push(`${head} ${Array.isArray(value) ? '[]' : '{}'}`);
  else if (typeof value !== 'object' || value === null) out.push(`${head} ${scalar(value, place.indent)}`);
  else if (!place.sameLine) {
    out.push(head);
    lines(value, place.indent, out);
  } else {
    // `- key: value`: the first line of the item stands behind its dash.
    const start = out.length;
    lines(value, place.indent, out);
    out[start] = `${head} ${(out[start] ?? '').slice(place.indent.length)}`;
  }
}

/** One document, ended by a line end. Members keep their order. */
export function toYaml(value: Json): string {
  if (isEmpty(value)) return Array.isArray(value) ? '[]\n' : '{}\n';
  const out: string[] = [];
  lines(value, '', out);
  return `${out.join('\n')}\n`;
}
