// How a branch moved between two commits, told from the commits that are here. A shallow copy does not always tell.
import type { Movement } from '../../core/source/git.ts';

/** Body of a commit; undefined when it is not here. */
export type ReadCommit = (id: string) => Promise<Buffer | undefined>;

/** Commits looked at in each direction; more are not cheap any more. */
const maxCommits = 5_000;
/** How far the clocks of committers may be apart. */
const clockSlackSeconds = 86_400;

/** How the branch came from `from` to `to`; undefined when the commits that are here do not tell. */
export async function movementBetween(from: string, to: string, read: ReadCommit): Promise<Movement | undefined> {
  const forward = await descends(to, from, read);
  if (forward === true) return 'forward';
  if ((await descends(from, to, read)) === true) return 'back';
  return forward === false ? 'rewritten' : undefined;
}

/** Whether `ancestor` is among the commits that `id` builds on. */
async function descends(id: string, ancestor: string, read: ReadCommit): Promise<boolean | undefined> {
  const oldest = await read(ancestor);
  if (oldest === undefined) return undefined;
  const notBefore = (timeOf(oldest) ?? 0) - clockSlackSeconds;
  const queue = [id];
  const seen = new Set(queue);
  let told = true;
  for (let at = 0; at < queue.length; at += 1) {
    const next = queue[at] ?? '';
    if (next === ancestor) return true;
    if (at >= maxCommits) return undefined;
    const body = await read(next);
    if (body === undefined) told = false;
    // What was made long before a commit does not build on it.
    if (body === undefined || (timeOf(body) ?? notBefore) < notBefore) continue;
    for (const parent of parentsOf(body)) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      queue.push(parent);
    }
  }
  return told ? false : undefined;
}

function headOf(body: Buffer): string {
  const end = body.indexOf('\n\n');
  return body.toString('latin1', 0, end < 0 ? body.length : end);
}

function parentsOf(body: Buffer): readonly string[] {
  return [...headOf(body).matchAll(/^parent ([0-9a-f]{40})$/gm)].map((match) => match[1] ?? '');
}

/** Seconds since the epoch at which it was committed, when it says. */
function timeOf(body: Buffer): number | undefined {
  const seconds = /^committer .* (\d{1,12}) [+-]\d{4}$/m.exec(headOf(body))?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
