import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { aggregate, assess, hasHealth, objectHealth } from '../../../lib/core/kubernetes/health/assess.ts';
import { healthChecks } from '../../../lib/core/kubernetes/health/registry.ts';
import { groupOf, type KubeObject, type ObjectId } from '../../../lib/core/kubernetes/object.ts';
import type { Health, ObjectHealth } from '../../../lib/core/plan/target.ts';

const folder = path.join(import.meta.dirname, '../../fixtures/health');
const words = ['healthy', 'progressing', 'suspended', 'degraded', 'unknown'];

// `<kind>-<expected>[-<why>].yaml`
const fixtures = readdirSync(folder).map((file) => {
  const expected = file
    .replace('.yaml', '')
    .split('-')
    .find((word) => words.includes(word));
  return { file, expected, object: parse(readFileSync(path.join(folder, file), 'utf8')) as KubeObject };
});

describe('assess', () => {
  it.each(fixtures)('$file', ({ object, expected }) => {
    const verdict = assess(object);
    expect(verdict.health.toLowerCase()).toBe(expected);
    expect(verdict.message).not.toBe('');
  });

  it('has a healthy and another fixture for every check', () => {
    // For these existing is all that is asked; why stands in their files.
    const alwaysGood = ['/ReplicationController', '/Service', 'networking.k8s.io/Ingress'];
    const lacking = Object.keys(healthChecks).filter((key) => {
      const of = fixtures.filter(({ object }) => `${groupOf(object.apiVersion)}/${object.kind}` === key);
      const good = of.filter(({ expected }) => expected === 'healthy');
      return good.length === 0 || (!alwaysGood.includes(key) && good.length === of.length);
    });
    expect(lacking).toEqual([]);
  });

  it.each(fixtures)('survives $file without spec and status', ({ object }) => {
    const { apiVersion, kind, metadata } = object;
    expect(() => assess({ apiVersion, kind, metadata })).not.toThrow();
    expect(() => assess({ apiVersion, kind, metadata, spec: null, status: { conditions: ['x', null] } })).not.toThrow();
  });

  it('tells a custom kind without a status from one that could tell', () => {
    const box: KubeObject = { apiVersion: 'example.com/v1', kind: 'Box', metadata: { name: 'a' } };
    expect(assess(box, false).health).toBe('Healthy');
    expect(assess(box, true).health).toBe('Unknown');
  });
});

const id = (kind: string, group = ''): ObjectId => ({ group, kind, namespace: 'prod', name: 'web' });

describe('hasHealth', () => {
  it('is false for plain data only', () => {
    const kinds = [
      id('ConfigMap'),
      id('Role', 'rbac.authorization.k8s.io'),
      id('Deployment', 'apps'),
      id('Box', 'example.com'),
    ];
    expect(kinds.map(hasHealth)).toEqual([false, false, true, true]);
  });
});

describe('aggregate', () => {
  const of = (health: Health, kind = 'Service'): ObjectHealth =>
    objectHealth(id(kind), { health, message: `it is ${health}` });

  it.each<readonly [readonly Health[], Health]>([
    [[], 'Healthy'],
    [['Healthy', 'Healthy'], 'Healthy'],
    [['Healthy', 'Suspended'], 'Suspended'],
    [['Suspended', 'Progressing', 'Healthy'], 'Progressing'],
    [['Progressing', 'Missing'], 'Missing'],
    [['Missing', 'Degraded', 'Progressing'], 'Degraded'],
    [['Degraded', 'Unknown'], 'Unknown'],
  ])('%j is %s', (healths, expected) => {
    expect(aggregate(healths.map((health) => of(health))).health).toBe(expected);
  });

  it('names the worst object and how many more there are, worst first', () => {
    const report = aggregate([of('Healthy'), of('Progressing', 'Pod'), of('Progressing')]);
    expect(report.message).toBe('Pod/prod/web: it is Progressing (and 1 more)');
    expect(report.objects.map(({ health }) => health)).toEqual(['Progressing', 'Progressing', 'Healthy']);
  });
});
