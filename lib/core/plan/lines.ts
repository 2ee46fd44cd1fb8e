// Differences between two texts by lines, for values such as a config file inside a ConfigMap.

/** A line of the output: kept, removed or added. `gap` stands for lines that are the same and left out. */
export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added' | 'gap';
  readonly text: string;
}

/** Lines around a difference that are shown too. */
const context = 2;
/** Beyond this many comparisons two texts are told as wholly different; a person could not read the result anyway. */
const maxComparisons = 400_000;

/** Removed and added lines with a little of what is around them. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const middle = diffMiddle(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const same = (lines: readonly string[]): DiffLine[] => lines.map((text) => ({ kind: 'same', text }));
  return foldSame([...same(a.slice(0, start)), ...middle, ...same(a.slice(a.length - end))]);
}

function diffMiddle(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  if (a.length * b.length > maxComparisons) {
    return [
      ...a.map((text): DiffLine => ({ kind: 'removed', text })),
      ...b.map((text): DiffLine => ({ kind: 'added', text })),
    ];
  }
  // Longest common run of lines: lengths[i][j] is that of a from i and b from j.
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = lengths[i];
      if (row === undefined) continue;
      row[j] = a[i] === b[j] ? (lengths[i + 1]?.[j + 1] ?? 0) + 1 : Math.max(lengths[i + 1]?.[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  const result: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    if (left !== undefined && left === right) {
      result.push({ kind: 'same', text: left });
      i += 1;
      j += 1;
    } else if (
      left !== undefined &&
      (right === undefined || (lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0))
    ) {
      result.push({ kind: 'removed', text: left });
      i += 1;
    } else {
      result.push({ kind: 'added', text: right ?? '' });
      j += 1;
    }
  }
  return result;
}

/** Leaves out lines that are far from every difference. */
function foldSame(lines: readonly DiffLine[]): readonly DiffLine[] {
  const near = new Set<number>();
  for (const [index, line] of lines.entries()) {
    if (line.kind === 'same') continue;
    for (let at = index - context; at <= index + context; at += 1) near.add(at);
  }
  const result: DiffLine[] = [];
  let left = 0;
  const gap = (): void => {
    if (left > 0) result.push({ kind: 'gap', text: left === 1 ? '1 line the same' : `${left} lines the same` });
    left = 0;
  };
  for (const [index, line] of lines.entries()) {
    if (!near.has(index)) left += 1;
    else {
      gap();
      result.push(line);
    }
  }
  gap();
  return result;
}
