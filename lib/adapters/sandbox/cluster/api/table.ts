// Lists as tables: what `kubectl get` prints, with the columns of the kinds that one looks at most.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isMap, listAt, mapAt, numberAt, textAt } from '../json.ts';
import { qualifiedName, type Resource } from '../kinds/resource.ts';

/** One column: its title, and its text for an object. */
type Column = readonly [title: string, cell: (object: JsonObject) => Json];

const count = (value: Json | undefined): number => (isMap(value) ? Object.keys(value).length : 0);
const status = (name: string) => (object: JsonObject) => numberAt(object, 'status', name) ?? 0;
const replicas = (object: JsonObject) =>
  `${status('readyReplicas')(object)}/${numberAt(object, 'spec', 'replicas') ?? 1}`;

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  configmaps: [['Data', (object) => count(object['data']) + count(object['binaryData'])]],
  'cronjobs.batch': [
    ['Schedule', (object) => textAt(object, 'spec', 'schedule') ?? ''],
    ['Suspend', (object) => (mapAt(object, 'spec')['suspend'] === true ? 'True' : 'False')],
  ],
  'daemonsets.apps': [
    ['Desired', status('desiredNumberScheduled')],
    ['Current', status('currentNumberScheduled')],
    ['Ready', status('numberReady')],
    ['Up-to-date', status('updatedNumberScheduled')],
    ['Available', status('numberAvailable')],
  ],
  'deployments.apps': [
    ['Ready', replicas],
    ['Up-to-date', status('updatedReplicas')],
    ['Available', status('availableReplicas')],
  ],
  'jobs.batch': [
    ['Status', jobStatus],
    ['Completions', (object) => `${status('succeeded')(object)}/${numberAt(object, 'spec', 'completions') ?? 1}`],
  ],
  namespaces: [['Status', (object) => textAt(object, 'status', 'phase') ?? '']],
  persistentvolumeclaims: [
    ['Status', (object) => textAt(object, 'status', 'phase') ?? ''],
    ['Volume', (object) => textAt(object, 'spec', 'volumeName') ?? ''],
    ['Capacity', (object) => textAt(object, 'status', 'capacity', 'storage') ?? ''],
  ],
  pods: [
    [
      'Ready',
      (object) =>
        `${containers(object).filter((one) => mapAt(one)['ready'] === true).length}/${listAt(object, 'spec', 'containers').length}`,
    ],
    ['Status', podStatus],
    [
      'Restarts',
      (object) => containers(object).reduce((sum: number, one) => sum + (numberAt(one, 'restartCount') ?? 0), 0),
    ],
  ],
  'replicasets.apps': [
    ['Desired', (object) => numberAt(object, 'spec', 'replicas') ?? 1],
    ['Current', status('replicas')],
    ['Ready', status('readyReplicas')],
  ],
  secrets: [
    ['Type', (object) => textAt(object, 'type') ?? ''],
    ['Data', (object) => count(object['data'])],
  ],
  services: [
    ['Type', (object) => textAt(object, 'spec', 'type') ?? ''],
    ['Cluster-IP', (object) => textAt(object, 'spec', 'clusterIP') ?? '<none>'],
    ['External-IP', (object) => textAt(listAt(object, 'status', 'loadBalancer', 'ingress')[0], 'ip') ?? '<none>'],
    ['Port(s)', (object) => listAt(object, 'spec', 'ports').map(portText).join(',')],
  ],
  'statefulsets.apps': [['Ready', replicas]],
};

/** Objects as a `Table`; each row carries the object's metadata, as kubectl needs it. `now` is in milliseconds. */
export function tableOf(resource: Resource, objects: readonly JsonObject[], metadata: object, now: number): JsonObject {
  const columns = COLUMNS[qualifiedName(resource)] ?? [];
  const titles = ['Name', ...columns.map(([title]) => title), 'Age'];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { ...metadata },
    columnDefinitions: titles.map((name) => ({
      name,
      type: 'string',
      format: name === 'Name' ? 'name' : '',
      description: '',
      priority: 0,
    })),
    rows: objects.map((object) => ({
      cells: [textAt(object, 'metadata', 'name') ?? '', ...columns.map(([, cell]) => cell(object)), age(object, now)],
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object['metadata'] },
    })),
  };
}

function containers(pod: JsonObject): readonly Json[] {
  return listAt(pod, 'status', 'containerStatuses');
}

function podStatus(pod: JsonObject): string {
  const waiting = containers(pod)
    .map((one) => textAt(one, 'state', 'waiting', 'reason'))
    .find((reason) => reason !== undefined);
  const phase = textAt(pod, 'status', 'phase') ?? '';
  return waiting ?? (phase === 'Succeeded' ? 'Completed' : phase === 'Failed' ? 'Error' : phase);
}

function jobStatus(job: JsonObject): string {
  const over = listAt(job, 'status', 'conditions').find(
    (one) => textAt(one, 'status') === 'True' && /^(Complete|Failed)$/.test(textAt(one, 'type') ?? ''),
  );
  return textAt(over, 'type') ?? (mapAt(job, 'spec')['suspend'] === true ? 'Suspended' : 'Running');
}

function portText(port: Json): string {
  const node = numberAt(port, 'nodePort');
  return `${numberAt(port, 'port') ?? ''}${node === undefined ? '' : `:${node}`}/${textAt(port, 'protocol') ?? 'TCP'}`;
}

function age(object: JsonObject, now: number): string {
  const since = Date.parse(textAt(object, 'metadata', 'creationTimestamp') ?? '');
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  if (Number.isNaN(seconds)) return '<unknown>';
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
