import { describe, expect, it } from 'vitest';
import { displayPath, stripPaths, valueAt } from '../../../lib/core/kubernetes/field-path.ts';
import { managedEntry, pathsOf } from '../../../lib/core/kubernetes/managed.ts';
import { applied, configMap, deployment, manager } from './objects.ts';

const live = deployment(
  { labels: { 'app.kubernetes.io/name': 'web', app: 'x' }, finalizers: ['a/b', 'c'] },
  {
    replicas: 2,
    template: {
      spec: {
        containers: [
          { name: 'side', image: 'x' },
          {
            name: 'w]eb',
            image: 'y',
            ports: [
              { containerPort: 80, protocol: 'TCP' },
              { containerPort: 80, protocol: 'UDP' },
            ],
          },
        ],
      },
    },
  },
);
const container = '.spec.template.spec.containers[name="w]eb"]';

describe('field paths', () => {
  it.each([
    ['.spec.replicas', 2],
    ['spec.replicas', 2],
    ['.metadata.labels.app.kubernetes.io/name', 'web'],
    ['.metadata.labels.app', 'x'],
    [`${container}.image`, 'y'],
    [`${container}.ports[containerPort=80,protocol="UDP"].protocol`, 'UDP'],
    ['.metadata.finalizers[="c"]', 'c'],
    ['.spec.template.spec.containers[0].name', 'side'],
    ['.spec.nothing', undefined],
    ['.spec.template.spec.containers[name="none"].image', undefined],
    ['', undefined],
    ['.spec.template.spec.containers[name="unclosed', undefined],
  ])('finds %s', (path, value) => {
    expect(valueAt(live, path)).toEqual(value);
  });

  it('takes away what they name, and nothing else', () => {
    const paths = [
      '.spec.replicas',
      '.metadata.labels.app.kubernetes.io/name',
      `${container}.image`,
      '.spec.none',
      '.metadata.finalizers[="a/b"]',
    ];
    const stripped = stripPaths(live, paths);
    for (const path of paths) expect(valueAt(stripped, path)).toBeUndefined();
    expect(valueAt(stripped, '.metadata.labels.app')).toBe('x');
    expect(stripped.metadata['finalizers']).toEqual(['c']);
    expect(valueAt(live, '.spec.replicas')).toBe(2);
  });

  it('find every path that managed fields name', () => {
    const fields = { 'f:data': { 'f:a.b': {}, 'f:a': {} }, 'f:metadata': { 'f:labels': { 'f:x.y/z': {} } } };
    const object = configMap({ 'a.b': '1', a: '2' }, { labels: { 'x.y/z': '3' }, managedFields: [applied(fields)] });
    const paths = pathsOf(managedEntry(object, manager)!.fieldsV1);
    expect(paths.map((path) => valueAt(object, path))).toEqual(['1', '2', '3']);
  });

  it.each([
    [`.spec.containers[name="web"].image`, 'spec.containers[name=web].image'],
    ['.spec.ports[containerPort=80,protocol="TCP"].x', 'spec.ports[containerPort=80,protocol=TCP].x'],
    ['.metadata.finalizers[="a"]', 'metadata.finalizers[=a]'],
    ['spec.selector', 'spec.selector'],
  ])('%s reads as %s', (path, text) => {
    expect(displayPath(path)).toBe(text);
  });
});
