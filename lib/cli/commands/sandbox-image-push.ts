// `holdfast sandbox image push REPO:TAG`: the tag appears in the embedded registry, and the event that ECR would send is posted.
import path from 'node:path';
import { fileRegistry } from '../../adapters/sandbox/registry/registry.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, text, wantsJson } from '../flags.ts';
import { writeOut } from '../output.ts';
import { callServer } from '../server.ts';

export async function run(words: readonly string[], flags: CommandFlags): Promise<number> {
  const image = words[0] ?? '';
  const registry = fileRegistry(path.join(text(flags, 'data') ?? '.holdfast', 'sandbox', 'images'));
  const event = await registry.push(image, Date.now());
  const answer = await callServer<{ readonly repositories?: readonly string[] }>(flags, 'POST', '/events', event);
  const followers = answer.repositories ?? [];
  const who = followers.length === 0 ? 'no repository follows it' : `told to ${followers.join(', ')}`;
  await writeOut(
    wantsJson(flags)
      ? `${JSON.stringify({ schemaVersion: 1, event, repositories: followers })}\n`
      : `${image} pushed (sandbox registry); ${who}\n`,
  );
  return exitCodes.ok;
}
