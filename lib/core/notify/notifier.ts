// The port to whoever wants to hear of run outcomes and drift: an event bus on AWS, nobody but the feed on one machine.
import type { OutboxEvent } from '../reconcile/state.ts';

export interface Notifier {
  /**
   * Hands events over; resolves when they were accepted. Events carry stable ids and may be sent again after a crash.
   * Throws HoldfastError: then none or some were accepted, and all are sent again later.
   */
  send(events: readonly OutboxEvent[]): Promise<void>;
}
