// An event that a function failed on, done again in the api function, which reads it just as the function does.
import { HoldfastError } from '../../core/errors.ts';
import { isObject, type Json } from '../../core/json.ts';
import type { Bench } from './chain.ts';
import { type CodecommitParts, openCodecommit } from './codecommit.ts';
import { openImage } from './image.ts';
import { openStackEvent } from './stack-event.ts';

/**
 * Rings for what the event is about and says so in one line. What a function has to be started for is not done again: the clock's
 * next tick did it, and outcomes and drift stay in history. Throws what the store and the queue throw.
 */
export async function eventAgain(
  bench: Pick<Bench, 'logger'>,
  parts: CodecommitParts,
  event: Json | undefined,
): Promise<string> {
  const source = isObject(event) ? event['source'] : undefined;
  try {
    if (source === 'aws.ecr') {
      const { repositories } = await openImage(bench, parts)(event);
      return repositories.length === 0
        ? 'removed: no repository follows the image'
        : `sent again: ${list(repositories)}`;
    }
    if (source === 'aws.codecommit') {
      const { status, reason } = await openCodecommit(bench, parts)(event);
      return status === 'rung' ? 'sent again' : `removed: ${reason ?? status}`;
    }
    if (source === 'aws.cloudformation') {
      const { app, reason } = await openStackEvent(bench, parts)(event);
      return app === undefined ? `removed: ${reason ?? 'it is not ours'}` : `sent again: ${app}`;
    }
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'EventMalformed') return `removed: ${error.message}`;
    throw error;
  }
  if (source === 'aws.scheduler') return 'removed: the next tick has done the same';
  if (source === 'holdfast') return 'removed, not told again: see `holdfast history` and `holdfast drift`';
  return 'removed: it is none of the events that are listened to';
}

function list(aliases: readonly string[]): string {
  return aliases.slice(0, 5).join(', ') + (aliases.length > 5 ? ', …' : '');
}
