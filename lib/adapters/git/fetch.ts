// isomorphic-git for the conversation with a Git host. What it receives goes into our pack store, not into its own index.
import { promises as files } from 'node:fs';
import { dirname } from 'node:path';
import type { HttpClient } from 'isomorphic-git';
import { HoldfastError } from '../../core/errors.ts';
import { shown } from '../../core/source/path.ts';
import type { GitHttp } from './http.ts';
import { packError } from './pack-format.ts';
import type { PackStore } from './pack-store.ts';
import { storeFailed, writeWhole } from './pack-store.ts';
import { checkFrame, pktLine } from './pkt-line.ts';

/** Answers to ref listings; real hosts have a few hundred bytes per ref. */
const maxRefBytes = 64 * 1024 * 1024;

/** Loaded when a remote repository is first asked: who only reads local ones does not wait for it. */
const isomorphicGit = async () => await import('./isomorphic.ts');

/** One conversation. isomorphic-git wraps or swallows some errors, so the first of ours is kept and thrown. */
class Conversation {
  failure: HoldfastError | undefined;
  /** Set when the pack is stored: what isomorphic-git would do after that is done already. */
  stored = false;
  readonly http: HttpClient;

  constructor(http: GitHttp, maxBytes: number) {
    this.http = {
      request: async ({ url, method = 'GET', headers = {}, body }) => {
        // Of its URL only the end counts: the host may have moved the repository since.
        const path = /\/(?:info\/refs\?service=git-upload-pack|git-upload-pack)$/.exec(url)?.[0] ?? '';
        try {
          const bytes = method === 'POST' ? await collect(body) : undefined;
          const sent = { path, maxBytes, headers, ...(bytes === undefined ? {} : { body: bytes }) };
          const answer = await http.send(sent);
          if (method === 'POST') checkAnswer(answer.chunks);
          return {
            url,
            method,
            statusCode: 200,
            statusMessage: 'OK',
            headers: answer.headers,
            body: each(method === 'POST' ? answer.chunks : withHead(answer.chunks)),
          };
        } catch (error) {
          throw this.keep(error);
        }
      },
    };
  }

  keep(error: unknown): unknown {
    if (error instanceof HoldfastError) this.failure ??= error;
    return error;
  }
}

/** isomorphic-git takes what has arrived for all there is, and an error message for an odd line. */
function checkAnswer(chunks: readonly Buffer[]): void {
  const { complete, error } = checkFrame(chunks);
  if (error !== undefined) {
    throw new HoldfastError({
      code: 'GitRemoteError',
      source: 'remote',
      message: 'The Git host answered with an error',
      reason: shown(error, 300),
      retryable: true,
    });
  }
  if (!complete) throw packError('GitPackTruncated', 'the answer ends in the middle');
}

/**
 * isomorphic-git cannot fetch from a repository whose HEAD names a branch that is not there (a default branch that was deleted).
 * It does not use what HEAD points to, so any ref will do.
 */
function withHead(chunks: readonly Buffer[]): readonly Buffer[] {
  const body = Buffer.concat(chunks);
  // Version 2 begins with its number and lists no refs; what does not end in a flush is someone else's to refuse.
  if (body.includes('version 2\n') || !body.subarray(-4).equals(pktLine())) return chunks;
  const text = body.toString('latin1');
  const some = /(?:^|\n|0000)[0-9a-f]{4}([0-9a-f]{40}) refs\//.exec(text)?.[1];
  if (some === undefined || /[0-9a-f]{40} HEAD[\0\n]/.test(text)) return chunks;
  return [body.subarray(0, -4), pktLine(`${some} HEAD\n`), pktLine()];
}

async function collect(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* each(chunks: readonly Buffer[]): AsyncIterableIterator<Uint8Array> {
  yield* chunks;
}

/** Refs that begin with the prefix and what they point to, by one ls-refs. */
export async function listRefs(http: GitHttp, prefix: string): Promise<ReadonlyMap<string, string>> {
  const conversation = new Conversation(http, maxRefBytes);
  try {
    const options = { http: conversation.http, url: http.base, prefix, protocolVersion: 2 as const };
    const { git } = await isomorphicGit();
    const refs = await git.listServerRefs(options);
    return new Map(refs.filter(({ ref }) => ref.startsWith(prefix)).map(({ ref, oid }) => [ref, oid]));
  } catch (error) {
    throw conversation.failure ?? foreign(error);
  }
}

export interface FetchRequest {
  readonly http: GitHttp;
  readonly directory: string;
  readonly store: PackStore;
  /** A branch, or a commit id. */
  readonly want: { readonly branch: string } | { readonly commit: string };
  /** Only the newest commit; for the first time, when nothing is here that a host could build on. */
  readonly shallow: boolean;
  readonly maxPackBytes: number;
}

/** Makes the directory a bare repository that follows the URL. */
export async function initialise(directory: string, url: string): Promise<void> {
  const { git } = await isomorphicGit();
  await git.init({ fs: { promises: files }, gitdir: directory, bare: true, defaultBranch: 'main' });
  await git.addRemote({ fs: { promises: files }, gitdir: directory, remote: 'origin', url, force: true });
  await files.mkdir(`${directory}/objects/pack`, { recursive: true });
}

/** Fetches one branch or commit into the store. Throws what `GitHttp.send` and `PackStore.add` throw, `GitRefMoved`, `GitProtocol`. */
export async function fetchInto(request: FetchRequest): Promise<void> {
  const { http, directory, store, want, shallow } = request;
  const conversation = new Conversation(http, request.maxPackBytes);
  const fs = { promises: { ...files, writeFile: writer(conversation, store) } };
  const [ref, remoteRef] = 'branch' in want ? [want.branch, `refs/heads/${want.branch}`] : [want.commit, want.commit];
  const common = { fs, gitdir: directory };
  try {
    const { git } = await isomorphicGit();
    const { fetchHead } = await git.fetch({
      ...common,
      http: conversation.http,
      url: http.base,
      remote: 'origin',
      ref,
      remoteRef,
      singleBranch: true,
      tags: false,
      // With a commit id nothing says what we have already: without a depth the whole history would come.
      ...(shallow || 'commit' in want ? { depth: 1 } : {}),
    });
    // The branch is where isomorphic-git looks for what we have already.
    await mark(common, want, fetchHead);
  } catch (error) {
    if (conversation.failure !== undefined) throw conversation.failure;
    if (!conversation.stored) throw foreign(error);
    await mark(common, want, undefined);
  }
}

async function mark(
  common: { fs: { promises: typeof files }; gitdir: string },
  want: FetchRequest['want'],
  head: string | null | undefined,
): Promise<void> {
  if (!('branch' in want)) return;
  const { git } = await isomorphicGit();
  const value = head ?? (await git.resolveRef({ ...common, ref: `refs/remotes/origin/${want.branch}` }));
  await git.writeRef({ ...common, ref: `refs/heads/${want.branch}`, value, force: true });
}

/** Signals isomorphic-git to stop: its own index of the pack would cost ten times ours, and believes every size it reads. */
class Stored extends HoldfastError {
  constructor() {
    super({ code: 'GitPackStored', source: 'system', message: 'The pack is stored' });
  }
}

function writer(conversation: Conversation, store: PackStore): typeof files.writeFile {
  const write = async (path: string, data: string | Uint8Array): Promise<void> => {
    // A write that fails is tried a second time by isomorphic-git.
    if (conversation.failure !== undefined) throw conversation.failure;
    try {
      if (!path.endsWith('.pack')) {
        await files.mkdir(dirname(path), { recursive: true });
        await writeWhole(path, data);
      } else if (!conversation.stored) {
        await store.add(typeof data === 'string' ? Buffer.from(data) : bufferOf(data));
        conversation.stored = true;
      }
    } catch (error) {
      throw conversation.keep(storeFailed(error));
    }
    if (conversation.stored && path.endsWith('.pack')) throw new Stored();
  };
  return write as typeof files.writeFile;
}

/** The same bytes, not a copy of them. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function foreign(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'Error';
  const message = error instanceof Error ? shown(error.message, 300) : '';
  if (code === 'NotFoundError') {
    return new HoldfastError({
      code: 'GitRefMoved',
      source: 'remote',
      message: 'The branch is not there any more',
      retryable: true,
      cause: error,
    });
  }
  return new HoldfastError({
    code: 'GitProtocol',
    source: 'remote',
    message: 'The answer is not that of a Git host that speaks the smart HTTP protocol',
    reason: `${code}: ${message}`,
    retryable: true,
    next: 'Check the URL of the repository',
    cause: error,
  });
}
