// What a running server leaves in its data directory, so that the command line finds it. Only its owner can read it.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { holderAlive } from '../adapters/store/holder.ts';

export interface ServerFile {
  readonly v: 1;
  readonly pid: number;
  /** Tells this process from a later one that was given the same id. */
  readonly holder: string;
  readonly url: string;
  /** For the API. */
  readonly token: string;
  /** The sandbox lives in the server's process; others reach it here. Absent until something uses it. */
  readonly sandbox?: {
    readonly kubeconfig: string;
    readonly stacksEndpoint: string;
    readonly region: string;
    readonly account: string;
  };
}

const fileOf = (dataDir: string): string => path.join(dataDir, 'server.json');

/** The server that runs with this data directory now, or undefined. */
export async function readServerFile(dataDir: string): Promise<ServerFile | undefined> {
  const text = await readFile(fileOf(dataDir), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const server = JSON.parse(text) as ServerFile;
  return holderAlive(server.holder) ? server : undefined;
}

/** Says where the server listens. */
export async function writeServerFile(dataDir: string, server: ServerFile): Promise<void> {
  const temporary = `${fileOf(dataDir)}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(server, undefined, 2)}\n`, { mode: 0o600 });
  await rename(temporary, fileOf(dataDir));
}

/** Says that it does not listen any more. */
export async function removeServerFile(dataDir: string): Promise<void> {
  await rm(fileOf(dataDir), { force: true });
}
