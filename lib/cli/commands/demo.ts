// `holdfast demo`: the same runner unattended, with the timeline on the terminal; exit 0 only if each step was seen in the targets.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { asFailure } from '../../core/errors.ts';
import { type LocalServer, startLocal } from '../../runtime/local.ts';
import { openHand } from '../../runtime/sandbox-cluster.ts';
import { Clone } from '../demo/clone.ts';
import { demoSteps, type Stage } from '../demo/steps.ts';
import { Timeline } from '../demo/timeline.ts';
import { exitCodes } from '../exit.ts';
import type { CommandFlags } from '../flags.ts';
import { stopOnInterrupt } from '../interrupt.ts';
import { paintOut } from '../output.ts';

export async function run(_names: readonly string[], flags: CommandFlags): Promise<number> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'holdfast-demo-'));
  const line = new Timeline(paintOut, (text) => process.stdout.write(text));
  const stop = stopOnInterrupt({ saving: true });
  line.title('Starting on one machine: Git host, webhook, queues, sandbox cluster, sandbox stacks');
  // Only the quiet time before image commits is shorter than in `holdfast up`.
  const server = await startLocal({
    dataDir,
    examples: true,
    emit: (event) => line.hear(event),
    settings: { imageQuietMs: 500 },
  });
  try {
    return await playOn(server, line, dataDir, stop.signal);
  } finally {
    await server.close();
    if (flags['keep'] === true) process.stdout.write(`Kept: ${dataDir}\n`);
    else await rm(dataDir, { recursive: true, force: true });
  }
}

async function playOn(server: LocalServer, line: Timeline, dataDir: string, signal: AbortSignal): Promise<number> {
  const hand = await openHand((await server.sandbox()).kubeconfig);
  try {
    const clone = await Clone.of(`${server.git}/demo.git`, path.join(dataDir, 'clone'));
    return await play({ server, hand, clone, line, dataDir }, signal);
  } finally {
    hand.close();
  }
}

/** Plays the steps in order and stops at the first that was not seen. */
async function play(stage: Stage, signal: AbortSignal): Promise<number> {
  const { line } = stage;
  for (const [index, step] of demoSteps.entries()) {
    if (signal.aborted) return exitCodes.interrupted;
    line.title(`${index + 1}. ${step.title}`);
    try {
      line.seen(await step.run(stage));
    } catch (error) {
      line.missed(asFailure(error).message);
      return exitCodes.error;
    }
  }
  line.title(`All ${demoSteps.length} steps seen in the targets in ${line.seconds().toFixed(1)} s`);
  return exitCodes.ok;
}
