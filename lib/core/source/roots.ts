// The paths that decide a rendering, with what they lead to: what is compared on every push, and what a bundle is made of.
import type { Roots } from '../render/model.ts';
import { absent } from '../render/model.ts';
import type { Tree, TreeNode } from './tree.ts';

/** What a root records of a path: the id of its content, and for a single file whether it may be executed (a tree id says that itself). */
export function rootValue(node: TreeNode | undefined): string {
  if (node === undefined) return absent;
  return node.kind === 'executable' ? `${node.id}:x` : node.id;
}

/**
 * Records what the paths lead to. A directory's id covers the text of the links below it but not what they lead to, so each
 * of those links becomes a root of its own. Throws what walking throws: a link that leads nowhere, out or in circles.
 */
export async function makeRoots(tree: Tree, paths: Iterable<string>): Promise<Roots> {
  const roots = new Map<string, string>();
  for (const path of paths) {
    const found = await tree.lookup(path);
    roots.set(path, rootValue(found));
    if (found?.kind !== 'directory') continue;
    for (const link of await tree.links(path)) roots.set(link.path, rootValue(link));
  }
  const sorted = [...roots].sort(([a], [b]) => (a < b ? -1 : 1));
  // fromEntries defines each key itself: a file named `__proto__` stays plain data.
  return Object.fromEntries(sorted);
}
