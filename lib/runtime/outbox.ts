// What is told when a run ended or drift was found: dependents are rung, and events go out shaped as EventBridge would carry them.
import { asFailure } from '../core/errors.ts';
import type { Application } from '../core/config/model.ts';
import type { Notifier } from '../core/notify/notifier.ts';
import type { AppSource, AppState, OutboxEvent } from '../core/reconcile/state.ts';
import type { Store } from '../core/reconcile/store.ts';
import type { Home, RunnerEvent } from './home.ts';
import { appKey, appSource, appState, asJson, whyUnreadable } from './rows.ts';

/** Where no one else listens: what happens is in the feed. */
export const nobody: Notifier = { send: async () => undefined };

/** Names of the applications in `dependsOn` that are not yet applied at what Git wants and healthy. */
export async function unready(store: Store, app: Application): Promise<readonly string[]> {
  const names: string[] = [];
  for (const id of app.dependsOn) {
    const row = await store.read(appKey(id));
    const source = row === undefined ? undefined : appSource(row);
    if (row === undefined || whyUnreadable(row) !== undefined || !isReady(source, appState(row)))
      names.push(source?.app.name ?? id);
  }
  return names;
}

/** Whether what Git wants of an application is applied and healthy, so that others may build on it. */
export function isReady(source: AppSource | undefined, state: AppState): boolean {
  const settled = state.run === undefined && state.applied !== undefined;
  return settled && state.applied?.inputsKey === source?.inputsKey && state.health === 'Healthy';
}

/** Wakes the applications that wait for this one. */
export async function ringDependents(home: Home, id: string): Promise<void> {
  for (const dependent of await home.dependents(id)) {
    await home.store.hint(appKey(dependent), { kind: 'dependency', at: home.now(), note: id });
    await home.queue.send('reconcile', appKey(dependent));
  }
}

/**
 * Hands events to the outside, and then to whoever watches; the feed's are shaped like EventBridge's, so that rules written for
 * one home work in the other. False: they were not accepted, and are to be sent again.
 */
export async function sendEvents(home: Home, events: readonly OutboxEvent[]): Promise<boolean> {
  try {
    await home.notifier.send(events);
  } catch (error) {
    const { message } = asFailure(error);
    const again = `${events.length} event${events.length === 1 ? '' : 's'} could not be sent and will be: ${message}`;
    home.emit({ event: 'notify-failed', at: home.now(), app: events[0]?.app, message: again });
    return false;
  }
  for (const event of events) home.emit(shown(event));
  return true;
}

function shown(event: OutboxEvent): RunnerEvent {
  const drift = event.type === 'Holdfast Drift Report';
  return {
    event: drift ? 'drift-report' : 'run-outcome',
    at: event.at,
    app: event.app,
    message: event.type,
    data: asJson({
      id: event.id,
      source: 'holdfast',
      'detail-type': event.type,
      time: new Date(event.at).toISOString(),
      detail: event.detail,
    }),
  };
}
