import { describe, expect, it } from 'vitest';
import { replicasAdvice } from '../../../lib/core/kubernetes/advice.ts';
import { deployment } from './objects.ts';

const web = (spec: object) => ({
  id: { group: 'apps', kind: 'Deployment', namespace: 'prod', name: 'web' },
  object: deployment({}, { ...spec }),
});
const autoscaler = (name: string, apiVersion = 'apps/v1') => ({
  id: { group: 'autoscaling', kind: 'HorizontalPodAutoscaler', namespace: 'prod', name: 'web' },
  object: {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'prod' },
    spec: { scaleTargetRef: { apiVersion, kind: 'Deployment', name } },
  },
});

describe('replicasAdvice', () => {
  it('warns of replicas that Git and an autoscaler both set', () => {
    expect(replicasAdvice([web({ replicas: 2 }), autoscaler('web')])).toEqual([
      'Deployment/prod/web: spec.replicas is also set by HorizontalPodAutoscaler/prod/web, which will look like drift; leave it out of Git',
    ]);
  });

  it.each([
    ['without replicas', [web({}), autoscaler('web')]],
    ['for another workload', [web({ replicas: 2 }), autoscaler('other')]],
    ['for another group', [web({ replicas: 2 }), autoscaler('web', 'x.io/v1')]],
    ['without an autoscaler', [web({ replicas: 2 })]],
  ])('says nothing %s', (_, placed) => {
    expect(replicasAdvice(placed)).toEqual([]);
  });
});
