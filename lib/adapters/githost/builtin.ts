// The built-in Git host: bare repositories in the data directory, served by `git http-backend`; pushing to a new name creates it.
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { HoldfastError } from '../../core/errors.ts';
import { shown } from '../../core/source/path.ts';
import { gitText } from '../git/process.ts';
import { hostEnvironment, serveCgi } from './cgi.ts';

/** A ref that a push changed. A ref that did not exist before, or does not any more, has `noObject` there. */
export interface PushedRef {
  /** Name without `.git`. */
  readonly repository: string;
  readonly ref: string;
  readonly before: string;
  readonly after: string;
}

export const noObject = '0'.repeat(40);

export interface BuiltinHostOptions {
  /** Holds `NAME.git` directories; made when missing. */
  readonly directory: string;
  /** Called once for each ref that a push changed, after git has ended. */
  readonly onPush: (push: PushedRef) => void;
}

export interface Seed {
  readonly name: string;
  /** Directory whose files become the first commit; what its .gitignore files name is left out. */
  readonly from: string;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface BuiltinHost {
  /** Answers requests below `/NAME.git/`; false, with nothing written, when the path is none of ours. */
  handle(req: IncomingMessage, res: ServerResponse): Promise<boolean>;
  /** Makes an empty repository whose branch will be `main`; one that exists stays as it is. Throws `GitNameInvalid`. */
  create(name: string): Promise<void>;
  /** Makes a repository with one commit on `main`; undefined when it exists already. Answers the commit id. */
  seed(seed: Seed): Promise<string | undefined>;
  /** Directory of a repository on this machine. Throws `GitNameInvalid`. */
  path(name: string): string;
  /** Names without `.git`, sorted. */
  names(): Promise<readonly string[]>;
}

const namePattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/;
const requestPattern = /^\/([^/]+)\.git\/(info\/refs|git-upload-pack|git-receive-pack)$/;

/** Makes a host over a directory. Who may reach it (loopback, `Host`) is the server's business. */
export function createBuiltinHost(options: BuiltinHostOptions): BuiltinHost {
  return new Host(options);
}

class Host implements BuiltinHost {
  readonly #options: BuiltinHostOptions;
  readonly #pushes = new Map<string, Promise<void>>();

  constructor(options: BuiltinHostOptions) {
    this.#options = options;
  }

  path(name: string): string {
    if (!namePattern.test(name) || name.includes('..') || name.endsWith('.git') || name.endsWith('.lock')) {
      throw new HoldfastError({
        code: 'GitNameInvalid',
        source: 'user',
        message: `"${shown(name)}" cannot be the name of a repository: letters, digits, ".", "_" and "-", at most 100`,
      });
    }
    return join(this.#options.directory, `${name}.git`);
  }

  async names(): Promise<readonly string[]> {
    const entries = await readdir(this.#options.directory).catch(() => []);
    return entries
      .filter((entry) => entry.endsWith('.git'))
      .map((entry) => entry.slice(0, -4))
      .sort();
  }

  async handle(req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    const [path = '', query = ''] = (req.url ?? '').split('?', 2);
    if (!/^\/[^/]+\.git(?:\/|$)/.test(path)) return false;
    const [, encoded, action] = requestPattern.exec(path) ?? [];
    const directory = encoded === undefined ? undefined : this.#pathOf(encoded);
    if (encoded === undefined || directory === undefined || !methodFits(action, req.method)) {
      res.writeHead(404, { 'content-type': 'text/plain' }).end('No such repository\n');
      return true;
    }
    const pushing = action === 'git-receive-pack' || new URLSearchParams(query).get('service') === 'git-receive-pack';
    if (!(await exists(directory))) {
      if (!pushing) {
        const hint = `There is no repository ${encoded}.git here; pushing to it creates it\n`;
        res.writeHead(404, { 'content-type': 'text/plain' }).end(hint);
        return true;
      }
      await this.#oneAtATime(encoded, async () => await this.#create(directory));
    }
    const cgi = { root: this.#options.directory, path, query };
    if (action !== 'git-receive-pack') await serveCgi(cgi, req, res);
    else await this.#oneAtATime(encoded, () => this.#receive(encoded, directory, () => serveCgi(cgi, req, res)));
    return true;
  }

  async create(name: string): Promise<void> {
    await this.#create(this.path(name));
  }

  async seed(seed: Seed): Promise<string | undefined> {
    const directory = this.path(seed.name);
    if ((await exists(directory)) && (await this.#refs(directory)).size > 0) return undefined;
    await this.#create(directory);
    const date = `${Math.floor(seed.at / 1000)} +0000`;
    const index = join(directory, 'seed-index');
    const env = {
      ...hostEnvironment(this.#options.directory),
      GIT_DIR: directory,
      GIT_INDEX_FILE: index,
      GIT_AUTHOR_NAME: 'Holdfast',
      GIT_AUTHOR_EMAIL: 'holdfast@localhost',
      GIT_COMMITTER_NAME: 'Holdfast',
      GIT_COMMITTER_EMAIL: 'holdfast@localhost',
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
    };
    const git = async (args: readonly string[], more: Record<string, string> = {}): Promise<string> =>
      await gitText({ cwd: seed.from, args, env: { ...env, ...more } });
    await rm(index, { force: true });
    await git(['add', '-A', '.'], { GIT_WORK_TREE: seed.from });
    const tree = await git(['write-tree']);
    const commit = await git(['commit-tree', '-m', seed.message, tree]);
    await git(['update-ref', 'refs/heads/main', commit, noObject]);
    await rm(index, { force: true });
    return commit;
  }

  #pathOf(encoded: string): string | undefined {
    try {
      return this.path(encoded);
    } catch {
      return undefined;
    }
  }

  async #create(directory: string): Promise<void> {
    await mkdir(this.#options.directory, { recursive: true });
    // No template: no sample hooks, nothing of the machine's own settings. Running it again changes nothing.
    const args = ['init', '-q', '--bare', '--template=', '--initial-branch=main', directory];
    const env = hostEnvironment(this.#options.directory);
    await gitText({ cwd: this.#options.directory, args, env });
  }

  async #receive(repository: string, directory: string, serve: () => Promise<boolean>): Promise<void> {
    const before = await this.#refs(directory);
    await serve();
    const after = await this.#refs(directory);
    for (const ref of new Set([...before.keys(), ...after.keys()])) {
      const push = { repository, ref, before: before.get(ref) ?? noObject, after: after.get(ref) ?? noObject };
      if (push.before !== push.after) this.#options.onPush(push);
    }
  }

  async #refs(directory: string): Promise<Map<string, string>> {
    const args = ['for-each-ref', '--format=%(objectname) %(refname)'];
    const text = await gitText({
      cwd: directory,
      args,
      env: { ...hostEnvironment(this.#options.directory), GIT_DIR: directory },
    });
    const refs = new Map<string, string>();
    for (const line of text.split('\n')) if (line.length > 41) refs.set(line.slice(41), line.slice(0, 40));
    return refs;
  }

  /** Pushes to one repository one after the other, so that what a push changed can be told. */
  async #oneAtATime(name: string, work: () => Promise<void>): Promise<void> {
    const before = this.#pushes.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#pushes.set(name, mine);
    try {
      await mine;
    } finally {
      if (this.#pushes.get(name) === mine) this.#pushes.delete(name);
    }
  }
}

function methodFits(action: string | undefined, method: string | undefined): boolean {
  return action === 'info/refs' ? method === 'GET' : method === 'POST';
}

async function exists(directory: string): Promise<boolean> {
  return await stat(join(directory, 'HEAD')).then(
    () => true,
    () => false,
  );
}
