// Ctrl-C: the first asks to finish the object in hand and save, the second quits.
import { exitCodes } from './exit.ts';

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Whether a person asked to stop. */
  stopped(): boolean;
}

/** An abort signal that follows SIGINT and SIGTERM. */
export function stopOnInterrupt(): Interrupt {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    process.stderr.write('stopping: finishing what is in hand (Ctrl-C again to quit at once)\n');
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return { signal: controller.signal, stopped: () => controller.signal.aborted };
}
