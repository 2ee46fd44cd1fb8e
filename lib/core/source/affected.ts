// Which applications a push touches: those of whose roots at least one leads to something else now.
import { HoldfastError } from '../errors.ts';
import type { Roots } from '../render/model.ts';
import { rootValue } from './roots.ts';
import type { Tree } from './tree.ts';

/**
 * Whether every recorded path leads to the same content in the new tree (or is still absent). Sound: a path that can no longer be
 * followed counts as changed, so that the application itself meets the error. Throws only what is no fault of the tree's content.
 */
export async function unchanged(roots: Roots, tree: Tree): Promise<boolean> {
  try {
    for (const [path, value] of Object.entries(roots)) {
      if (rootValue(await tree.lookup(path)) !== value) return false;
    }
    return true;
  } catch (error) {
    if (error instanceof HoldfastError && error.source === 'user') return false;
    throw error;
  }
}
