import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../lib/core/json.ts';
import {
  baselineOf,
  managedEntry,
  managedText,
  ownedPaths,
  ownsPath,
  pathsOf,
  subtractFields,
} from '../../../lib/core/kubernetes/managed.ts';
import { applied, configMap, deployment, hmac, manager, updated } from './objects.ts';

const webFields = {
  'f:metadata': { 'f:labels': { 'f:app': {} } },
  'f:spec': {
    'f:replicas': {},
    'f:template': {
      'f:spec': {
        'f:containers': {
          'k:{"name":"web"}': {
            '.': {},
            'f:image': {},
            'f:name': {},
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
          },
        },
      },
    },
  },
};

function web(image: string, extra: JsonObject = {}) {
  const ports = [{ containerPort: 80, protocol: 'TCP' }];
  return deployment(
    { labels: { app: 'web' }, managedFields: [applied(webFields, 'apps/v1')] },
    {
      replicas: 2,
      template: {
        spec: {
          containers: [
            { name: 'side', image: 'x' },
            { name: 'web', image, ports },
          ],
        },
      },
      ...extra,
    },
  );
}

describe('baseline', () => {
  it('changes with a value of ours, and with nothing else', () => {
    const base = baselineOf(web('nginx:1'), manager, hmac);
    expect(base).toMatch(/^b1:[0-9a-f]{32}$/);
    expect(baselineOf(web('nginx:2'), manager, hmac)).not.toBe(base);
    expect(baselineOf(web('nginx:1', { paused: true }), manager, hmac)).toBe(base);
  });

  it('changes when a path is taken from us, even if the value stays', () => {
    const live = web('nginx:1');
    const { 'f:replicas': _, ...rest } = webFields['f:spec'];
    const fields = { ...webFields, 'f:spec': rest };
    const taken = { ...live, metadata: { ...live.metadata, managedFields: [applied(fields, 'apps/v1')] } };
    expect(baselineOf(taken, manager, hmac)).not.toBe(baselineOf(live, manager, hmac));
  });

  it('tells a missing value from an empty one, and from null', () => {
    const of = (data: JsonObject) =>
      baselineOf(configMap(data, { managedFields: [applied({ 'f:data': { 'f:a': {} } })] }), manager, hmac);
    const values = [of({}), of({ a: '' }), of({ a: null })];
    expect(new Set(values).size).toBe(3);
  });

  it('is unknown without our entry, and when read in another version', () => {
    expect(baselineOf(configMap({}), manager, hmac)).toBeUndefined();
    const updates = [updated(manager, { 'f:data': {} })];
    expect(baselineOf(configMap({}, { managedFields: updates }), manager, hmac)).toBeUndefined();
    const other = [applied({ 'f:data': {} }, 'v2')];
    expect(baselineOf(configMap({}, { managedFields: other }), manager, hmac)).toBeUndefined();
  });

  it('does not look up what no object of its own has', () => {
    const fields = { 'f:data': { 'f:__proto__': {}, 'f:constructor': {} } };
    const live = configMap({}, { managedFields: [applied(fields)] });
    expect(managedText(live, managedEntry(live, manager)!)).toBe('v1\nf:data{f:__proto__=;f:constructor=;}');
  });

  it('reads sets and positions', () => {
    const fields = { 'f:metadata': { 'f:finalizers': { '.': {}, 'v:"a/b"': {} } }, 'f:list': { 'i:1': {} } };
    const live = { ...configMap({}, { finalizers: ['x', 'a/b'], managedFields: [applied(fields)] }), list: [1, 2] };
    expect(managedText(live, managedEntry(live, manager)!)).toBe(
      'v1\nf:metadata{f:finalizers{.1v:"a/b"="a/b";}}f:list{i:1=2;}',
    );
  });
});

describe('paths', () => {
  it('are written as the server writes them in conflicts', () => {
    expect(pathsOf(webFields)).toEqual([
      '.metadata.labels.app',
      '.spec.replicas',
      '.spec.template.spec.containers[name="web"]',
      '.spec.template.spec.containers[name="web"].image',
      '.spec.template.spec.containers[name="web"].name',
      '.spec.template.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"]',
      '.spec.template.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"].containerPort',
    ]);
  });

  it('are found again in their short form, and others are not', () => {
    const owned = ownedPaths(web('nginx:1'), manager);
    expect(ownsPath(owned, '.spec.replicas')).toBe(true);
    expect(ownsPath(owned, '.spec.template.spec.containers[name="web"].image')).toBe(true);
    expect(ownsPath(owned, '.spec.paused')).toBe(false);
    expect(ownsPath('', '.spec.replicas')).toBe(false);
  });
});

describe('subtractFields', () => {
  it('takes away what both own and keeps the rest', () => {
    const theirs = { 'f:data': { 'f:a': {}, 'f:b': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:x': {} } } };
    const ours = { 'f:data': { 'f:a': {} }, 'f:metadata': { 'f:labels': { 'f:x': {} } } };
    expect(subtractFields(theirs, ours)).toEqual({
      'f:data': { 'f:b': {} },
      'f:metadata': { 'f:labels': { '.': {} } },
    });
  });

  it('leaves nothing of what is the same', () => {
    const fields: fc.Arbitrary<JsonObject> = fc.letrec<{ node: JsonObject }>((tie) => ({
      node: fc.dictionary(
        fc.stringMatching(/^f:[a-z]{1,3}$/),
        fc.oneof({ maxDepth: 3 }, fc.constant({}), tie('node')),
        { maxKeys: 4 },
      ),
    })).node;
    fc.assert(
      fc.property(fields, (node) => {
        expect(subtractFields(node, node)).toBeUndefined();
        expect(subtractFields(node, {})).toEqual(Object.keys(node).length === 0 ? undefined : node);
      }),
    );
  });
});
