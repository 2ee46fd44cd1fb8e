// A repository on a Git host: heads by ls-refs, commits fetched once into a bare directory, no checkout.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../../core/errors.ts';
import type { GitLimits, GitSource, Movement, RevisionReader } from '../../core/source/git.ts';
import { defaultGitLimits } from '../../core/source/git.ts';
import { shown } from '../../core/source/path.ts';
import { movementBetween } from './ancestry.ts';
import { fetchInto, initialise, listRefs } from './fetch.ts';
import type { GitHttpOptions } from './http.ts';
import { GitHttp } from './http.ts';
import type { GitObject, ObjectType } from './objects.ts';
import { objectMissing, parseTree, treeOfCommit } from './objects.ts';
import { PackStore, storeFailed, writeWhole } from './pack-store.ts';
import { assertBranch, branchMissing } from './refs.ts';

export interface RemoteOptions extends GitHttpOptions {
  /** Holds one directory per repository. Losing it costs time only. */
  readonly dataDirectory: string;
  readonly limits?: GitLimits | undefined;
  /** Most bytes that later fetches may add to a copy before it is made anew; 64 MiB when absent. */
  readonly addedBytes?: number | undefined;
}

/** A later fetch that is larger than this is dearer than starting again with the newest commit alone. */
const laterFetchBytes = 32 * 1024 * 1024;
/** Each fetch adds a pack; with this many it is time to start again with one. */
const maxPacks = 50;
/** And with so many bytes in them: small packs are kept in memory, and the disk of a function holds 512 MiB. */
const maxAddedBytes = 64 * 1024 * 1024;
/** Heads whose branch is remembered. Forgetting one costs a larger fetch. */
const maxRemembered = 1_000;
/** Left-overs of killed processes are removed when older. */
const leftOverMs = 60 * 60 * 1000;

interface Generation {
  readonly directory: string;
  readonly store: PackStore;
}

/** Opens a repository on a Git host; nothing is asked of it yet. Throws `GitUrlInvalid`. */
export function openRemote(options: RemoteOptions): GitSource {
  return new Remote(options);
}

class Remote implements GitSource {
  readonly #http: GitHttp;
  readonly #url: string;
  readonly #home: string;
  readonly #limits: GitLimits;
  /** Which branch showed a commit as its head: how to ask for it. */
  readonly #branches = new Map<string, string>();
  #generation: Generation | undefined;
  readonly #addedBytes: number;
  /** The copy before the one in use: whoever still read it is done when there is another. */
  #former: string | undefined;
  #damaged = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: RemoteOptions) {
    this.#http = new GitHttp(options);
    this.#url = this.#http.base;
    this.#limits = options.limits ?? defaultGitLimits;
    this.#addedBytes = options.addedBytes ?? maxAddedBytes;
    const name = createHash('sha256').update(this.#url).digest('hex').slice(0, 24);
    this.#home = join(options.dataDirectory, name);
  }

  async head(branch: string): Promise<string | undefined> {
    assertBranch(branch);
    const ref = `refs/heads/${branch}`;
    const head = (await listRefs(this.#http, ref)).get(ref);
    if (head !== undefined) {
      if (this.#branches.size >= maxRemembered) this.#branches.clear();
      this.#branches.set(head, branch);
    }
    return head;
  }

  async missing(branch: string): Promise<HoldfastError> {
    const refs = await listRefs(this.#http, 'refs/heads/');
    return branchMissing(
      branch,
      [...refs.keys()].map((ref) => ref.slice('refs/heads/'.length)),
    );
  }

  async open(revision: string): Promise<RevisionReader> {
    if (!/^[0-9a-f]{40}$/.test(revision)) {
      throw new HoldfastError({
        code: 'GitRevisionInvalid',
        source: 'user',
        message: `"${shown(revision)}" is not a commit id`,
      });
    }
    return await this.#oneAtATime(async () => {
      const generation = await this.#holding(revision).catch(async (error: unknown) => {
        await this.#makeRoom(error);
        throw error;
      });
      const commit = await this.#read(generation, revision, 'commit');
      return {
        revision,
        rootId: treeOfCommit(commit.body, revision),
        tree: async (id) => parseTree((await this.#read(generation, id, 'tree')).body, id),
        blob: async (id) => (await this.#read(generation, id, 'blob')).body,
      };
    });
  }

  async movement(from: string, to: string): Promise<Movement | undefined> {
    const store = this.#generation?.store;
    return await movementBetween(from, to, async (id) => {
      if (store?.has(id) !== true) return undefined;
      const { type, body } = await store.read(id);
      return type === 'commit' ? body : undefined;
    });
  }

  bytesReceived(): number {
    return this.#http.bytesReceived();
  }

  async #read(generation: Generation, id: string, type: ObjectType): Promise<GitObject> {
    try {
      const object = await generation.store.read(id);
      if (object.type !== type) throw objectMissing(id, `is a ${object.type}, not a ${type}`);
      return object;
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'GitRepositoryCorrupt') this.#damaged = true;
      throw error;
    }
  }

  /** A generation that has the commit: what is here, what is here after a fetch, or everything anew. */
  async #holding(revision: string): Promise<Generation> {
    const here = this.#damaged ? undefined : await this.#current();
    if (here?.store.has(revision) === true) return here;
    const fits = here !== undefined && here.store.count < maxPacks && here.store.addedBytes < this.#addedBytes;
    if (fits) {
      try {
        await this.#fetch(here, revision, false);
        if (here.store.has(revision)) return here;
      } catch (error) {
        if (!startAgain(error)) throw error;
      }
    }
    const anew = await this.#anew(revision);
    if (anew.store.has(revision)) return anew;
    throw new HoldfastError({
      code: 'GitRevisionMissing',
      source: 'remote',
      message: `The commit ${revision.slice(0, 12)} is not there any more, or the branch has moved on`,
      retryable: true,
      object: revision,
    });
  }

  async #fetch(generation: Generation, revision: string, shallow: boolean): Promise<void> {
    const branch = this.#branches.get(revision);
    const maxPackBytes = shallow ? this.#limits.packBytes : Math.min(this.#limits.packBytes, laterFetchBytes);
    const { directory, store } = generation;
    const want = branch === undefined ? { commit: revision } : { branch };
    try {
      await fetchInto({ http: this.#http, directory, store, want, shallow, maxPackBytes });
      if (branch === undefined || store.has(revision)) return;
    } catch (error) {
      if (branch === undefined || !isMoved(error)) throw this.#notThere(error, revision);
    }
    // The branch has moved since its head was seen; some hosts give a commit by its id.
    try {
      await fetchInto({ http: this.#http, directory, store, want: { commit: revision }, shallow, maxPackBytes });
    } catch (error) {
      throw this.#notThere(error, revision);
    }
  }

  /** A host that does not know a commit, or does not give commits by id, says so in words of its own. */
  #notThere(error: unknown, revision: string): unknown {
    if (!(error instanceof HoldfastError) || !(error.code === 'GitRemoteError' || error.code === 'GitRefMoved'))
      return error;
    return new HoldfastError({
      code: 'GitRevisionMissing',
      source: 'remote',
      message: `The Git host did not give the commit ${revision.slice(0, 12)}`,
      retryable: true,
      object: revision,
      ...(error.reason === undefined ? {} : { reason: error.reason }),
      cause: error,
    });
  }

  /** The copy that is in use, read once. Undefined when there is none that can be read. */
  async #current(): Promise<Generation | undefined> {
    if (this.#generation !== undefined) {
      await this.#generation.store.load();
      return this.#generation;
    }
    const name = await readFile(join(this.#home, 'current'), 'utf8').catch(() => undefined);
    if (name === undefined || !/^[0-9a-f-]{36}$/.test(name)) return undefined;
    const directory = join(this.#home, name);
    await this.#sweep([directory]);
    if ((await stat(directory).catch(() => undefined)) === undefined) return undefined;
    const store = new PackStore(directory, this.#limits);
    try {
      await store.load();
    } catch (error) {
      if (startAgain(error)) return undefined;
      throw error;
    }
    this.#generation = { directory, store };
    return this.#generation;
  }

  /**
   * Fetches into a new directory and makes it the one in use only when it is complete, so that a killed fetch leaves nothing
   * behind that anybody reads. The one before stays until the next time: readers of it may still be open.
   */
  async #anew(revision: string): Promise<Generation> {
    const name = randomUUID();
    const directory = join(this.#home, name);
    const before = this.#generation?.directory;
    try {
      if (this.#former !== undefined) await rm(this.#former, { recursive: true, force: true });
      this.#former = undefined;
      await mkdir(directory, { recursive: true });
      await initialise(directory, this.#url);
      const generation = { directory, store: new PackStore(directory, this.#limits) };
      await this.#fetch(generation, revision, true);
      await writeWhole(join(this.#home, 'current'), name);
      await this.#sweep([directory, before]);
      this.#generation = generation;
      this.#former = before;
      this.#damaged = false;
      return generation;
    } catch (error) {
      await rm(directory, { recursive: true, force: true }).catch(() => undefined);
      throw storeFailed(error);
    }
  }

  /** A disk that cannot be written is full, mostly of copies that somebody was killed over: the next try begins with none. */
  async #makeRoom(error: unknown): Promise<void> {
    if (!(error instanceof HoldfastError) || error.code !== 'GitStoreFailed') return;
    this.#generation = undefined;
    this.#former = undefined;
    await rm(this.#home, { recursive: true, force: true }).catch(() => undefined);
  }

  /** Removes copies that are no longer in use. Young ones stay: another process may be filling them just now. */
  async #sweep(keep: readonly (string | undefined)[]): Promise<void> {
    for (const entry of await readdir(this.#home).catch(() => [])) {
      const path = join(this.#home, entry);
      if (entry === 'current' || keep.includes(path)) continue;
      const found = await stat(path).catch(() => undefined);
      const old = found !== undefined && found.mtimeMs < Date.now() - leftOverMs;
      if (old) await rm(path, { recursive: true, force: true });
    }
  }

  async #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => undefined);
    return await mine;
  }
}

function isMoved(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === 'GitRefMoved';
}

/** Faults of the copy, not of the host: a fresh one may do. */
function startAgain(error: unknown): boolean {
  return error instanceof HoldfastError && (error.code === 'GitRepositoryCorrupt' || error.code === 'GitPackTooLarge');
}
