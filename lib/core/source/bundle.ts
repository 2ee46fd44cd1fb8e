// The inputs bundle: every file that one rendering may read, as one blob with a key that equal inputs share.
import { HoldfastError } from '../errors.ts';
import type { Hash } from '../json.ts';
import { canonicalJson } from '../json.ts';
import type { Bundle, BundleFile, Roots } from '../render/model.ts';
import { absent } from '../render/model.ts';
import { decodeStrictUtf8, encodeUtf8 } from '../text.ts';
import type { GitLimits } from './git.ts';
import { shown } from './path.ts';
import type { Tree } from './tree.ts';

const format = 'holdfast-bundle/1';

/** Key of the bundle of these roots: equal roots, equal files, equal key. */
export function bundleKey(roots: Roots, hash: Hash): string {
  return hash(`${format}\n${canonicalJson(roots)}`);
}

/**
 * Reads all files below the directory roots and the file roots; symbolic links become the content they lead to.
 * Throws what the tree throws, and `GitBundleTooLarge` when the files together are larger than `limits.packBytes`.
 */
export async function makeBundle(tree: Tree, roots: Roots, limits: GitLimits): Promise<Bundle> {
  const files = new Map<string, BundleFile>();
  let total = 0;
  for (const [root, value] of Object.entries(roots)) {
    if (value === absent) continue;
    for (const file of (await tree.walk(root)) ?? []) {
      if (files.has(file.path)) continue;
      const bytes = await tree.bytes(file.path);
      total += bytes.length;
      if (total > limits.packBytes) throw tooLarge(root, limits.packBytes);
      files.set(file.path, { path: file.path, executable: file.kind === 'executable', bytes });
    }
  }
  return { files: [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** One blob: a line that names the format, a line of JSON that lists path, size and mode, then the contents in the same order. */
export function encodeBundle(bundle: Bundle): Uint8Array {
  const files = [...bundle.files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const list = files.map((file) => [file.path, file.bytes.length, file.executable ? 1 : 0]);
  const head = encodeUtf8(`${format}\n${JSON.stringify(list)}\n`);
  const blob = new Uint8Array(files.reduce((sum, file) => sum + file.bytes.length, head.length));
  blob.set(head);
  let at = head.length;
  for (const file of files) {
    blob.set(file.bytes, at);
    at += file.bytes.length;
  }
  return blob;
}

/** Reads what `encodeBundle` wrote. Throws `BundleInvalid` when the bytes are anything else; nothing of them is used then. */
export function decodeBundle(blob: Uint8Array): Bundle {
  const formatEnd = blob.indexOf(0x0a);
  const listEnd = blob.indexOf(0x0a, formatEnd + 1);
  if (formatEnd < 0 || listEnd < 0 || decodeStrictUtf8(blob.subarray(0, formatEnd)) !== format) throw invalid();
  const files: BundleFile[] = [];
  let at = listEnd + 1;
  for (const [path, size, executable] of parseList(blob.subarray(formatEnd + 1, listEnd))) {
    if (at + size > blob.length) throw invalid();
    files.push({ path, executable: executable === 1, bytes: blob.subarray(at, at + size) });
    at += size;
  }
  if (at !== blob.length) throw invalid();
  return { files };
}

function parseList(bytes: Uint8Array): readonly (readonly [string, number, number])[] {
  let list: unknown;
  try {
    list = JSON.parse(decodeStrictUtf8(bytes) ?? '');
  } catch {
    throw invalid();
  }
  if (!Array.isArray(list) || !list.every(isListed)) throw invalid();
  return list;
}

function isListed(item: unknown): item is readonly [string, number, number] {
  if (!Array.isArray(item) || item.length !== 3) return false;
  const [path, size, executable] = item as unknown[];
  return (
    typeof path === 'string' &&
    typeof size === 'number' &&
    Number.isSafeInteger(size) &&
    size >= 0 &&
    (executable === 0 || executable === 1)
  );
}

function invalid(): HoldfastError {
  return new HoldfastError({
    code: 'BundleInvalid',
    source: 'system',
    message: 'A stored inputs bundle cannot be read; it is made again from Git',
    retryable: true,
  });
}

function tooLarge(path: string, limit: number): HoldfastError {
  return new HoldfastError({
    code: 'GitBundleTooLarge',
    source: 'user',
    message: `The files that this application renders from are larger than ${Math.floor(limit / (1024 * 1024))} MiB together`,
    object: shown(path),
    next: 'Move what rendering does not need out of the application directory',
  });
}
