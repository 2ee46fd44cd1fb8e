// What is known while the inputs of one application are followed: the paths so far, and what is wrong.
import type { Problem } from '../config/model.ts';
import { HoldfastError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { shown } from '../source/path.ts';
import type { Tree, TreeNode } from '../source/tree.ts';
import { decodeStrictUtf8 } from '../text.ts';

/** Files followed for one application; more is a loop that looks like none. */
const maxFollowed = 5000;

/** Collects the paths that rendering reads or looks for, and what is wrong on the way. */
export class Inputs {
  readonly tree: Tree;
  readonly paths = new Set<string>();
  readonly problems: Problem[] = [];

  /** Whether `helmCharts` of a kustomization may be used. */
  readonly enableHelm: boolean;

  constructor(tree: Tree, enableHelm: boolean) {
    this.tree = tree;
    this.enableHelm = enableHelm;
  }

  /** Records a path, there or not, and says what it leads to. */
  async look(path: string): Promise<TreeNode | undefined> {
    this.paths.add(path);
    if (this.paths.size > maxFollowed) {
      throw new HoldfastError({
        code: 'RenderTooManyInputs',
        source: 'user',
        message: `This application reads more than ${maxFollowed} files outside its own directories`,
        object: shown(path),
      });
    }
    return await this.tree.lookup(path);
  }

  /** Text of a file; undefined (and a problem) when it is not UTF-8. */
  async text(path: string): Promise<string | undefined> {
    const text = decodeStrictUtf8(await this.tree.bytes(path));
    if (text === undefined) this.problem({ file: path }, 'NotUtf8', 'the file is not text in UTF-8');
    return text;
  }

  /** A problem in a file; `text` and `near` find the line. */
  problem(
    at: { readonly file: string; readonly text?: string; readonly near?: string },
    code: string,
    message: string,
  ): void {
    this.problems.push({ file: at.file, ...placeOf(at.text, at.near), code, message });
  }
}

/** Line and column of the first mention of a text; the start of the file when there is none. */
function placeOf(
  text: string | undefined,
  near: string | undefined,
): { readonly line: number; readonly column: number } {
  const offset = text === undefined || near === undefined || near === '' ? -1 : text.indexOf(near.split('\n')[0] ?? '');
  if (text === undefined || offset < 0) return { line: 1, column: 1 };
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}

/** A kustomization while it is followed. */
export interface Kustomization {
  readonly directory: string;
  readonly file: string;
  readonly text: string;
  readonly content: JsonObject;
  /** Directories from the application down to this one. */
  readonly chain: readonly string[];
}
