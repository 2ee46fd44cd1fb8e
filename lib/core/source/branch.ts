// Names of branches and commits: which are accepted.

const branchPattern = /^[A-Za-z0-9_][A-Za-z0-9_.+#@/-]{0,199}$/;

/** Whether a branch name is one that we use: git's rules, and no character that means something in a URL, a shell or a refspec. */
export function isBranch(name: string): boolean {
  if (!branchPattern.test(name) || name.includes('..') || name.includes('@{') || name.includes('//')) return false;
  return name.split('/').every((part) => part !== '' && !part.startsWith('.') && !/(?:\.|\.lock)$/.test(part));
}

/** Whether the text is a whole commit id. */
export function isCommitId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}
