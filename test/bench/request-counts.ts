// How many requests an apiserver has served, from its own metrics: the count that no client can get wrong.
import type { ControlPlane } from '../support/cluster/control-plane.ts';
import { call } from '../support/cluster/http.ts';

/** Requests by verb; dry runs are `APPLY/dry`. */
export type ServedRequests = ReadonlyMap<string, number>;

/** What the server does for itself. */
const noise = new Set([
  'leases',
  'flowschemas',
  'prioritylevelconfigurations',
  'ipaddresses',
  'servicecidrs',
  'apiservices',
  'priorityclasses',
  'events',
]);

/** Counters since the server's start. Watches and what the server does for itself are left out. */
export async function servedRequests(plane: ControlPlane): Promise<ServedRequests> {
  const { url, caPem, adminToken: token } = plane;
  const { body } = await call({ url, caPem, token }, { path: '/metrics' });
  const counts = new Map<string, number>();
  for (const line of body.split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const labels = new Map([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
    const [verb = '', resource = ''] = [labels.get('verb'), labels.get('resource')];
    if (verb === 'WATCH' || noise.has(resource)) continue;
    // Discovery and /version have no resource, but neither have probes and this very request: only the former are JSON GETs.
    const key = labels.get('dry_run') === 'All' ? `${verb}/dry` : resource === '' ? `${verb}/discovery` : verb;
    counts.set(key, (counts.get(key) ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
  return counts;
}

/** What was served between two readings; the reading itself is left out. */
export function servedBetween(before: ServedRequests, after: ServedRequests): Record<string, number> {
  const difference: Record<string, number> = {};
  for (const [key, count] of after) {
    const served = count - (before.get(key) ?? 0) - (key === 'GET/discovery' ? 1 : 0);
    if (served > 0) difference[key] = served;
  }
  return difference;
}
