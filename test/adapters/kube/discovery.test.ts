import { expect, test } from 'vitest';
import { discover, type DiscoveryAnswer, lookupGroupKind, lookupKind } from '../../../lib/adapters/kube/discovery.ts';

const aggregatedGroup = (name: string, versions: readonly object[]) => ({ metadata: { name }, versions });
const entry = (resource: string, kind: string, scope = 'Namespaced') => ({
  resource,
  responseKind: { group: '', version: '', kind },
  scope,
  verbs: ['get', 'list'],
  subresources: [{ subresource: 'scale', responseKind: { kind: 'Scale' } }],
});
const aggregated = (items: readonly object[]) => ({ kind: 'APIGroupDiscoveryList', items });

function server(answers: Record<string, DiscoveryAnswer>) {
  const asked: string[] = [];
  const get = (path: string, _accept: string, etag: string | undefined) => {
    asked.push(etag === undefined ? path : `${path} ${etag}`);
    const answer = answers[path] ?? { status: 404 as const };
    return Promise.resolve(etag !== undefined && etag === answer.etag ? { status: 304 as const } : answer);
  };
  return { get, asked };
}

const core = aggregated([
  aggregatedGroup('', [
    {
      version: 'v1',
      freshness: 'Current',
      resources: [entry('configmaps', 'ConfigMap'), entry('namespaces', 'Namespace', 'Cluster')],
    },
  ]),
]);
const groups = aggregated([
  aggregatedGroup('autoscaling', [
    { version: 'v2', freshness: 'Current', resources: [entry('horizontalpodautoscalers', 'HorizontalPodAutoscaler')] },
    { version: 'v1', freshness: 'Current', resources: [entry('horizontalpodautoscalers', 'HorizontalPodAutoscaler')] },
  ]),
  aggregatedGroup('metrics.k8s.io', [{ version: 'v1beta1', freshness: 'Stale', resources: [] }]),
]);

test('two requests, and the preferred version first', async () => {
  const { get, asked } = server({
    '/api': { status: 200, body: core, etag: '"a"' },
    '/apis': { status: 200, body: groups, etag: '"b"' },
  });
  const directory = await discover(get, undefined);
  expect(asked).toEqual(['/api', '/apis']);
  expect(directory.versions).toEqual(['v1', 'autoscaling/v2', 'autoscaling/v1', 'metrics.k8s.io/v1beta1']);
  expect(lookupKind(directory, 'v1', 'Namespace')).toMatchObject({
    state: 'found',
    resource: { plural: 'namespaces', namespaced: false },
  });
  expect(lookupGroupKind(directory, 'autoscaling', 'HorizontalPodAutoscaler')).toMatchObject({
    resource: { version: 'v2' },
  });
  expect(lookupKind(directory, 'v1', 'Confgmap')).toEqual({ state: 'missing' });
});

test('a group whose server is dead is unknown, not missing', async () => {
  const { get } = server({ '/api': { status: 200, body: core }, '/apis': { status: 200, body: groups } });
  const directory = await discover(get, undefined);
  expect(lookupKind(directory, 'metrics.k8s.io/v1beta1', 'NodeMetrics')).toMatchObject({ state: 'unknown' });
  expect(lookupGroupKind(directory, 'metrics.k8s.io', 'NodeMetrics')).toMatchObject({ state: 'unknown' });
});

test('what did not change is not sent again, and what changed is', async () => {
  const answers: Record<string, DiscoveryAnswer> = {
    '/api': { status: 200, body: core, etag: '"a"' },
    '/apis': { status: 200, body: groups, etag: '"b"' },
  };
  const { get, asked } = server(answers);
  const first = await discover(get, undefined);
  answers['/apis'] = { status: 200, body: aggregated([]), etag: '"c"' };
  const second = await discover(get, first);
  expect(asked.slice(2)).toEqual(['/api "a"', '/apis "b"']);
  expect(second).toMatchObject({ versions: ['v1'], stale: [], etags: { '/api': '"a"', '/apis': '"c"' } });
  expect(second.resources.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Namespace']);
});

test('a server that does not aggregate is asked group by group; one that does not answer is unknown', async () => {
  const list = (resources: readonly object[]) => ({
    status: 200 as const,
    body: { kind: 'APIResourceList', resources },
  });
  const { get } = server({
    '/api': { status: 200, body: { kind: 'APIVersions', versions: ['v1'] } },
    '/api/v1': list([{ name: 'configmaps', kind: 'ConfigMap', namespaced: true, verbs: ['get'] }]),
    '/apis': {
      status: 200,
      body: {
        kind: 'APIGroupList',
        groups: [
          { name: 'apps', versions: [{ version: 'v1beta1' }, { version: 'v1' }], preferredVersion: { version: 'v1' } },
          { name: 'dead', versions: [{ version: 'v1' }], preferredVersion: { version: 'v1' } },
        ],
      },
    },
    '/apis/apps/v1': list([
      { name: 'deployments', kind: 'Deployment', namespaced: true, verbs: ['get'] },
      { name: 'deployments/scale', kind: 'Scale', namespaced: true, verbs: ['get'] },
    ]),
    '/apis/apps/v1beta1': list([]),
    '/apis/dead/v1': { status: 503 },
  });
  const directory = await discover(get, undefined);
  expect(directory.versions).toEqual(['v1', 'apps/v1', 'apps/v1beta1', 'dead/v1']);
  expect(directory.resources.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Deployment']);
  expect(lookupKind(directory, 'dead/v1', 'X')).toMatchObject({ state: 'unknown' });
});

test('a root that does not answer is an error, never an empty cluster', async () => {
  const { get } = server({ '/api': { status: 200, body: core }, '/apis': { status: 503 } });
  await expect(discover(get, undefined)).rejects.toMatchObject({ code: 'ClusterFault', retryable: true });
});
