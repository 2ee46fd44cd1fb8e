// What is told when a run ended or drift was found: dependents are rung, and events go out shaped as EventBridge would carry them.
import type { Application } from '../core/config/model.ts';
import type { AppSource, AppState, OutboxEvent } from '../core/reconcile/state.ts';
import type { Store } from '../core/reconcile/store.ts';
import type { Home } from './home.ts';
import { appKey, appSource, appState, asJson } from './rows.ts';

/** Names of the applications in `dependsOn` that are not yet applied at what Git wants and healthy. */
export async function unready(store: Store, app: Application): Promise<readonly string[]> {
  const names: string[] = [];
  for (const id of app.dependsOn) {
    const row = await store.read(appKey(id));
    const source = row === undefined ? undefined : appSource(row);
    if (row === undefined || !isReady(source, appState(row))) names.push(source?.app.name ?? id);
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

/** Hands an event to the outside. Shaped like an EventBridge event, so that rules written for one home work in the other. */
export function sendEvent(home: Home, event: OutboxEvent): void {
  const drift = event.type === 'Holdfast Drift Report';
  home.emit({
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
  });
}
