// A JSON value as text, the way the API shows values.
import type { Json } from '../../../core/json.ts';

/** Text as it is, nothing as '', everything else as JSON. */
export function shown(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined ? '' : JSON.stringify(value);
}
