// The keys of sessions that functions work with, as AWS itself knows them. The emulator gives them to each function's process only.
import { readdir, readFile } from 'node:fs/promises';
import type { KnownKey } from './codecommit.ts';
import type { Ministack } from './ministack/start.ts';

/** The secret of an access key that a running function of this emulator has. */
export async function sessionKey(aws: Pick<Ministack, 'pid'>, accessKey: string): Promise<KnownKey | undefined> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const lines = environ.split('\0');
    if (!lines.includes(`AWS_ACCESS_KEY_ID=${accessKey}`) || !(await isChild(pid, aws.pid))) continue;
    const value = (name: string): string | undefined =>
      lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
    const secret = value('AWS_SECRET_ACCESS_KEY');
    if (secret !== undefined) return { secret, sessionToken: value('AWS_SESSION_TOKEN') };
  }
  return undefined;
}

async function isChild(pid: string, parent: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
}
