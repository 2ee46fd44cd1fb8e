// DynamoDB Local as a child process: in memory, on a free port of 127.0.0.1, gone with the process that started it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { HoldfastError } from '../../../../lib/core/errors.ts';
import { ensureDynamoDbLocal } from './build.ts';

export interface DynamoDbLocal {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly port: number;
  close(): Promise<void>;
}

const startDeadlineMs = 60_000;
const runtime = 'java';

/** Starts one (2 s; longer when it must be fetched first). */
export async function startDynamoDb(): Promise<DynamoDbLocal> {
  const dir = await ensureDynamoDbLocal();
  const classPath = [path.join(dir, 'classes'), path.join(dir, 'lib', '*')].join(path.delimiter);
  const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Djava.library.path=${dir}/lib`];
  // stdin is the lifeline: it closes however we end, and then the server ends.
  const child = spawn(runtime, [...flags, '-cp', classPath, 'LoopbackDynamoDb'], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {});
  const ended = once(child, 'close');
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4_000);
  });
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  };
  try {
    const port = await listeningPort(child.stdout);
    return { endpoint: `http://127.0.0.1:${port}`, port, close };
  } catch (error) {
    await close().catch(() => {});
    throw new HoldfastError({
      code: 'DynamoDbLocalStart',
      source: 'system',
      message: 'DynamoDB Local did not start',
      reason: `${error instanceof Error ? error.message : String(error)}\n${log}`,
    });
  }
}

async function listeningPort(stdout: NodeJS.ReadableStream): Promise<number> {
  const lines = createInterface({ input: stdout });
  const signal = AbortSignal.timeout(startDeadlineMs);
  return await new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
    lines.on('close', () => reject(new Error('it ended')));
    lines.on('line', (line) => {
      const port = /^listening on (\d+)$/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
}
