import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectId } from '../../../lib/core/kubernetes/object.ts';
import { byWriteOrder, deleteWaves, waveOf, writeWaves } from '../../../lib/core/kubernetes/order.ts';

const kinds = [
  '/Namespace',
  'apiextensions.k8s.io/CustomResourceDefinition',
  '/Secret',
  'rbac.authorization.k8s.io/Role',
  'rbac.authorization.k8s.io/RoleBinding',
  '/Service',
  'apps/Deployment',
  'networking.k8s.io/Ingress',
  'example.com/Box',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
];

function id(kind: string, name = 'a', namespace = 'prod'): ObjectId {
  const [group = '', plain = ''] = kind.split('/');
  return { group, kind: plain, namespace, name };
}

const anyId = fc
  .record({
    kind: fc.constantFrom(...kinds),
    name: fc.constantFrom('a', 'b', 'c'),
    namespace: fc.constantFrom('p', 'q'),
  })
  .map(({ kind, name, namespace }) => id(kind, name, namespace));

describe('order', () => {
  it('writes what others lean on first, and what can block others last', () => {
    const waves = writeWaves(
      kinds.toReversed().map((kind) => id(kind)),
      (one) => one,
    );
    expect(waves.map((wave) => wave.map(({ kind }) => kind).join(' '))).toEqual([
      'Namespace CustomResourceDefinition',
      'Secret Role',
      'RoleBinding Service',
      'Deployment',
      'Ingress',
      'Box',
      'ValidatingWebhookConfiguration',
    ]);
  });

  it('deletes in the opposite order', () => {
    fc.assert(
      fc.property(fc.array(anyId), (ids) => {
        const deleted = deleteWaves(ids, (one) => one).flat();
        expect(deleted).toEqual(
          writeWaves(ids, (one) => one)
            .flat()
            .toReversed(),
        );
      }),
    );
  });

  it('is total and does not depend on the order it is given', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyId, { selector: (one) => JSON.stringify(one) }), (ids) => {
        const sorted = [...ids].sort(byWriteOrder);
        expect([...ids].toReversed().sort(byWriteOrder)).toEqual(sorted);
        const waves = sorted.map(waveOf);
        expect(waves).toEqual([...waves].sort((a, b) => a - b));
      }),
    );
  });
});
