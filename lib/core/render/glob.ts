// Globs below an application's path: `*` and `?` inside a name, `**` for any number of directories, `{a,b}` and `[abc]`.

/** One brace group may hold globs, but no further group. */
function expandBraces(pattern: string): readonly string[] {
  const group = /\{([^{}]*)\}/.exec(pattern);
  if (group === null) return [pattern];
  const before = pattern.slice(0, group.index);
  const after = pattern.slice(group.index + group[0].length);
  return (group[1] ?? '')
    .split(',')
    .slice(0, 20)
    .flatMap((one) => expandBraces(before + one + after))
    .slice(0, 200);
}

function matchSegment(pattern: string, name: string): boolean {
  // Greedy matching with one point to return to: linear in practice, and never worse than the product of the lengths.
  let at = 0;
  let back: { readonly pattern: number; name: number } | undefined;
  for (let index = 0; index < name.length; ) {
    const step = matchOne(pattern, at, name[index] ?? '');
    if (pattern[at] === '*') {
      back = { pattern: at, name: index };
      at += 1;
    } else if (step > 0) {
      at += step;
      index += 1;
    } else if (back !== undefined) {
      back.name += 1;
      index = back.name;
      at = back.pattern + 1;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at >= pattern.length;
}

/** How much of the pattern one character uses up; 0 when it does not match. */
function matchOne(pattern: string, at: number, character: string): number {
  const first = pattern[at];
  if (first === '?') return 1;
  if (first !== '[') return first === character ? 1 : 0;
  const close = pattern.indexOf(']', at + 2);
  if (close < 0) return first === character ? 1 : 0;
  const negated = pattern[at + 1] === '!' || pattern[at + 1] === '^';
  const set = pattern.slice(at + (negated ? 2 : 1), close);
  let found = set.includes(character);
  for (let index = 1; index + 1 < set.length; index += 1) {
    const from = set[index - 1] ?? '';
    const to = set[index + 1] ?? '';
    if (set[index] === '-' && from <= character && character <= to) found = true;
  }
  return found === negated ? 0 : close - at + 1;
}

function matchParts(pattern: readonly string[], parts: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return parts.length === 0;
  if (head === '**') return parts.some((_, index) => matchParts(rest, parts.slice(index))) || matchParts(rest, []);
  const [first, ...below] = parts;
  return first !== undefined && matchSegment(head, first) && matchParts(rest, below);
}

/**
 * Whether a glob matches a path, both relative to the same directory. A pattern that matches a directory matches all below it;
 * a pattern without a slash matches at any depth.
 */
export function globMatches(glob: string, path: string): boolean {
  const parts = path.split('/');
  const normal = glob.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
  return expandBraces(normal).some((pattern) => {
    const segments = pattern.split('/').filter((segment) => segment !== '' && segment !== '.');
    const anchored = segments.length > 1 ? segments : ['**', ...segments];
    // `**` twice adds nothing but time.
    const simple = anchored.filter((segment, index) => segment !== '**' || anchored[index - 1] !== '**');
    if (simple.filter((segment) => segment === '**').length > 4) return false;
    return parts.some((_, index) => matchParts(simple, parts.slice(0, index + 1)));
  });
}
