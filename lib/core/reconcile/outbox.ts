// Events that wait to be sent: bounded, because whoever should take them may refuse for weeks.
import type { OutboxEvent } from './state.ts';

/** Events kept per application. */
export const OUTBOX_KEPT = 50;

/** The outbox with one more event. The oldest are dropped; the one after them says in `detail.dropped` how many there were. */
export function withEvent(outbox: readonly OutboxEvent[], event: OutboxEvent): readonly OutboxEvent[] {
  const all = [...outbox, event];
  const kept = all.slice(-OUTBOX_KEPT);
  const gone = all.slice(0, all.length - kept.length);
  const first = kept[0];
  if (gone.length === 0 || first === undefined) return kept;
  const dropped = gone.length + [...gone, first].reduce((sum, one) => sum + droppedBefore(one), 0);
  return [{ ...first, detail: { ...first.detail, dropped } }, ...kept.slice(1)];
}

function droppedBefore({ detail }: OutboxEvent): number {
  return typeof detail['dropped'] === 'number' ? detail['dropped'] : 0;
}
