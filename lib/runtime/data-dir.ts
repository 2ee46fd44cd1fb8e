// The data directory of one machine: made on first use, for its owner only, and never part of a repository that it may lie in.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Makes a data directory. Git does not see what is in it: a state that made the working tree dirty would stop the next apply. */
export async function prepareDataDir(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const ignore = path.join(directory, '.gitignore');
  if (!existsSync(ignore)) await writeFile(ignore, '*\n');
}
