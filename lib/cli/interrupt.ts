// Ctrl-C: the first asks to finish the object in hand and save, the second quits.
import { exitCodes } from './exit.ts';

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Whether a person asked to stop. */
  stopped(): boolean;
}

let current: Interrupt | undefined;

/** Milliseconds that a command which writes nothing gets to remove its temporary files. */
const tidyMs = 1_500;

/**
 * An abort signal that follows SIGINT, SIGTERM and SIGHUP; one for the whole process. `saving` = what is in hand is finished
 * first, however long it takes, and the person is told so.
 */
export function stopOnInterrupt({ saving = false }: { readonly saving?: boolean } = {}): Interrupt {
  if (current !== undefined) return current;
  const controller = new AbortController();
  const quit = (): never => process.exit(exitCodes.interrupted);
  const onSignal = (): void => {
    if (controller.signal.aborted) quit();
    if (saving) process.stderr.write('stopping: finishing what is in hand (Ctrl-C again to quit at once)\n');
    else setTimeout(quit, tidyMs).unref();
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  current = { signal: controller.signal, stopped: () => controller.signal.aborted };
  return current;
}
