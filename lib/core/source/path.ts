// Paths inside a repository: joining without leaving it, names that are never safe, and how a path is shown to a person.

/**
 * Joins a path written in a file to the directory that holds the file. The result is normalised ('' is the root);
 * undefined when it is absolute, leaves the repository or holds a NUL or a backslash.
 */
export function resolvePath(directory: string, written: string): string | undefined {
  if (written.startsWith('/') || written.includes('\0') || written.includes('\\')) return undefined;
  const parts = directory === '' ? [] : directory.split('/');
  for (const part of written.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

/** The directory that holds `path`; '' for what lies in the root. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** `directory/name`, where '' is the root. */
export function childPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

// Characters that HFS+ leaves out when it compares names, so that `.g<U+200C>it` is `.git` there.
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu;

/** Why a name of a tree entry may not be used anywhere, or undefined when it may. */
export function unsafeName(name: string): string | undefined {
  if (name === '') return 'an empty name';
  if (name === '.' || name === '..') return `the name "${name}"`;
  if (name.includes('/')) return 'a slash in a name';
  if (name.includes('\\')) return 'a backslash in a name';
  if (name.includes('\0')) return 'a NUL in a name';
  const plain = name.replace(ignoredByHfs, '').toLowerCase();
  // NTFS drops trailing dots and spaces and reads `:` as the start of a stream; `git~1` is its short form of `.git`.
  if (/^(?:\.git|git~1)[. ]*(?::.*)?$/su.test(plain)) return 'a name that some file systems take for ".git"';
  return undefined;
}

const notPrintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/** Text from outside as it may be printed: control, format and direction characters written out, cut at `max` characters. */
export function shown(text: string, max = 200): string {
  const cut = text.length > max ? `${text.slice(0, max)}… (${text.length} characters)` : text;
  return cut.replace(notPrintable, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
