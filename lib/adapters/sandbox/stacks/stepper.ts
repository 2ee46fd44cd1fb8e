// One step of a stack's operation: from the stored stack to the next one and its events.
import { failOperation, finishPhase } from './phases.ts';
import type { Progress } from './progress.ts';
import { carryOn, startWork } from './work.ts';

/** Works out one step. */
export function step(progress: Progress): void {
  // What was started before this step is carried on; what it makes possible is started in the same step.
  for (const work of progress.operation.work) {
    if (work.state === 'initiated' || work.state === 'started') carryOn(progress, work);
  }
  if (!progress.operation.work.some((work) => work.state === 'failed')) startPending(progress);
  const failed = progress.operation.work.filter((work) => work.state === 'failed');
  const busy = progress.operation.work.some((work) => work.state === 'initiated' || work.state === 'started');
  if (failed.length > 0) failOperation(progress, failed);
  else if (!busy && progress.operation.work.every((work) => work.state === 'done')) finishPhase(progress);
}

function startPending(progress: Progress): void {
  for (let again = true; again; ) {
    again = false;
    const done = new Set(progress.operation.work.filter((work) => work.state === 'done').map((work) => work.logicalId));
    const waitedFor = new Set(progress.operation.work.map((work) => work.logicalId));
    for (const work of progress.operation.work) {
      const ready = work.after.every((name) => done.has(name) || !waitedFor.has(name));
      if (work.state !== 'pending' || !ready) continue;
      // A resource with nothing to do is done at once, which may free others in this very step.
      if (startWork(progress, work)) again = true;
    }
  }
}
