// A clone of the demo repository, as a person at a terminal would have it: edit, commit, push.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A working clone. */
export class Clone {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Clones a repository with an author of its own. */
  static async of(url: string, directory: string): Promise<Clone> {
    await run('git', ['clone', '--quiet', url, directory]);
    const clone = new Clone(directory);
    await clone.git('config', 'user.name', 'Demo');
    await clone.git('config', 'user.email', 'demo@example.com');
    return clone;
  }

  /** Runs git in the clone; answers its output. */
  async git(...args: string[]): Promise<string> {
    const { stdout } = await run('git', args, { cwd: this.directory });
    return stdout.trim();
  }

  /** Replaces text in a file, which must be there. */
  async edit(file: string, from: string, to: string): Promise<void> {
    const name = path.join(this.directory, file);
    const text = await readFile(name, 'utf8');
    if (!text.includes(from)) throw new RangeError(`${file} does not contain ${from}`);
    await writeFile(name, text.replace(from, to));
  }

  /** Commits everything and pushes; answers the commit. */
  async push(message: string): Promise<string> {
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--message', message);
    await this.git('push', '--quiet');
    return await this.git('rev-parse', 'HEAD');
  }

  /** Fetches what Holdfast committed. */
  async pull(): Promise<void> {
    await this.git('pull', '--quiet', '--rebase');
  }
}
