// What the server makes of what it is given: defaults, left-out zeros, one spelling of quantities.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEDUCED } from '../../../../lib/adapters/sandbox/cluster/fields/types.ts';
import { mapAt } from '../../../../lib/adapters/sandbox/cluster/json.ts';
import { normalizeObject } from '../../../../lib/adapters/sandbox/cluster/kinds/normalize.ts';
import { canonicalQuantity } from '../../../../lib/adapters/sandbox/cluster/kinds/quantity.ts';
import { builtInType } from '../../../../lib/adapters/sandbox/cluster/kinds/schema.ts';

const type = (apiVersion: string, kind: string) => builtInType(apiVersion, kind) ?? DEDUCED;

describe('a quantity', () => {
  // Each pair is what a real kube-apiserver answered.
  test.each([
    ['1000m', '1'],
    ['1024Mi', '1Gi'],
    ['0.5', '500m'],
    [0.5, '500m'],
    [2, '2'],
    ['1.5Gi', '1536Mi'],
    ['1e3', '1e3'],
    ['100k', '100k'],
    ['1000k', '1M'],
    ['0', '0'],
    ['1Ki', '1Ki'],
    ['1024', '1024'],
    ['100u', '1m'],
    ['0.1Mi', '104857600m'],
    ['12.5Mi', '12800Ki'],
    ['.5', '500m'],
  ])('%s is kept as %s', (given, wanted) => {
    expect(canonicalQuantity(given)).toBe(wanted);
  });

  test.each(['lots', '1 Gi', '', '1x', true])('%s is none', (given) => {
    expect(canonicalQuantity(given)).toBeUndefined();
  });

  test('has one spelling', () => {
    const text = fc
      .tuple(fc.integer({ min: 0, max: 100_000 }), fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi'))
      .map(([n, s]) => `${n}${s}`);
    fc.assert(
      fc.property(text, (one) => {
        const canonical = canonicalQuantity(one) ?? '';
        expect(canonicalQuantity(canonical)).toBe(canonical);
      }),
    );
  });
});

describe('an object read by the server', () => {
  test('loses zeros that Go leaves out and keeps those behind pointers', () => {
    const spec = { replicas: 0, paused: false, minReadySeconds: 0 };
    const object = normalizeObject(type('apps/v1', 'Deployment'), { apiVersion: 'apps/v1', kind: 'Deployment', spec });
    expect(mapAt(object, 'spec')['replicas']).toBe(0);
    expect(mapAt(object, 'spec')).not.toHaveProperty('paused');
    expect(mapAt(object, 'spec')).not.toHaveProperty('minReadySeconds');
  });

  test('does not change any more when it is read again', () => {
    const container = { name: 'a', image: 'x', ports: [{ containerPort: 80 }], resources: { limits: { cpu: 1 } } };
    const given = { spec: { template: { spec: { containers: [container] } } } };
    const once = normalizeObject(type('apps/v1', 'Deployment'), given);
    expect(normalizeObject(type('apps/v1', 'Deployment'), once)).toBe(once);
  });

  test('has the defaults of a Service', () => {
    const service = normalizeObject(type('v1', 'Service'), { spec: { ports: [{ port: 80 }] } });
    expect(mapAt(service, 'spec')).toEqual({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    });
  });

  test('keeps the text of a Secret as data', () => {
    const secret = normalizeObject(type('v1', 'Secret'), { stringData: { a: 'x' }, data: { b: 'eQ==' } });
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: 'eA==', b: 'eQ==' } });
    expect(secret).not.toHaveProperty('stringData');
  });
});
