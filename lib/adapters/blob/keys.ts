// What a blob key may be: a path of plain names, so that it means the same in a directory, in memory and in a bucket.
import { HoldfastError } from '../../core/errors.ts';

const MAX_KEY = 512;
const MAX_NAME = 150;
const NAME = /^[A-Za-z0-9_@+=,.-]+$/;

/** Whether a key can have this part between its slashes. */
export function isKeyName(name: string): boolean {
  return NAME.test(name) && name.length <= MAX_NAME && name !== '.' && name !== '..';
}

/** The names of a key. Throws `BlobKeyInvalid` for empty names, `.`, `..`, and anything outside letters, digits and `_ @ + = , . -`. */
export function keyNames(key: string): readonly string[] {
  const names = key.split('/');
  if (names.every(isKeyName) && key.length <= MAX_KEY) return names;
  throw new HoldfastError({
    code: 'BlobKeyInvalid',
    source: 'system',
    message: `A blob cannot be kept under ${JSON.stringify(key.slice(0, 80))}`,
    reason: 'a key is made of names of letters, digits and _ @ + = , . - with / between them',
  });
}
