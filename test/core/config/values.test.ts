import { describe, expect, it } from 'vitest';
import { lines, read, readGood, readOne, withEntry } from './support.ts';

describe('values as they are written', () => {
  it('parameters and tags keep their text', async () => {
    const app = await readOne(
      withEntry(
        'name: web\npath: apps/web/web.yaml\ntarget: demo\nstack:\n  name: web\n  parameters: {A: 010, B: 1.10, C: true, D: 1e3, E: "x", F: 0x1F, G: 12345678901234567890}\n  tags: {cost: 007}',
      ),
    );
    expect(app.stack?.parameters).toEqual({
      A: '010',
      B: '1.10',
      C: 'true',
      D: '1e3',
      E: 'x',
      F: '0x1F',
      G: '12345678901234567890',
    });
    expect(app.stack?.tags).toEqual({ cost: '007' });
  });

  it('a parameter without value is refused', async () => {
    const result = await read(
      withEntry('name: web\npath: apps/web/web.yaml\ntarget: demo\nstack: {name: web, parameters: {A: }}'),
    );
    expect(lines(result)).toEqual(['8:40 ConfigWrongType Expected text or a number or true or false, found nothing']);
  });

  it('paths are normalised, values files seen from the path', async () => {
    const app = await readOne(
      withEntry(
        'name: web\npath: ./apps//web/\ntarget: demo\nhelm: {valuesFiles: [values.yaml, ../../shared/v.yaml], values: {a: {b: [1, null, x]}}}',
      ),
    );
    expect(app.path).toBe('apps/web');
    expect(app.helm).toEqual({
      valuesFiles: ['apps/web/values.yaml', 'shared/v.yaml'],
      values: { a: { b: [1, null, 'x'] } },
    });
  });

  it('the root of the repository is a path', async () => {
    expect((await readOne(withEntry('name: web\npath: .\ntarget: demo'))).path).toBe('');
  });

  it.each([
    ['argocd', ['argocd']],
    ['[argocd, helm]', ['argocd', 'helm']],
  ])('adopt: {from: %s}', async (from, expected) => {
    expect(
      (await readOne(withEntry(`name: web\npath: apps/web\ntarget: demo\nadopt: {from: ${from}}`))).adoptFrom,
    ).toEqual(expected);
  });

  it('aliases stand for what they name', async () => {
    const catalogue = await readGood(
      'version: 1\ntargets: {demo: {sandbox: {}}}\napps:\n  - {name: a, path: &p apps/web, target: demo, sync: &s {auto: false}}\n  - {name: b, path: *p, target: demo, sync: *s}\n',
    );
    expect(catalogue.apps.map((app) => [app.path, app.sync.auto])).toEqual([
      ['apps/web', false],
      ['apps/web', false],
    ]);
  });
});

describe('layers of defaults', () => {
  const config = (defaults: string, entry: string): string =>
    `version: 1\ntargets: {demo: {sandbox: {}}}\ndefaults: ${defaults}\napps:\n  - {name: web, path: apps/web/web.yaml, target: demo${entry}}\n`;
  it.each([
    [
      'the file over the built-in',
      '{prune: {budget: {percent: 10}}}',
      '',
      { enabled: true, budget: { percent: 10, atLeast: 5 } },
    ],
    [
      'the entry over the file',
      '{prune: {budget: {percent: 10}, confirm: true}}',
      ', prune: {budget: {atLeast: 1}}',
      { enabled: true, confirm: true, budget: { percent: 10, atLeast: 1 } },
    ],
    [
      'true keeps the details',
      '{sync: {prune: {enabled: false, adopted: true}}}',
      ', prune: true',
      { enabled: true, adopted: true },
    ],
    ['false', '{}', ', sync: {prune: false}', { enabled: false }],
    [
      'short names of kinds',
      '{}',
      ', prune: {kinds: [PVC, Namespace, PersistentVolumeClaim]}',
      { kinds: ['PersistentVolumeClaim', 'Namespace'] },
    ],
    ['not for stacks', '{prune: true}', ', stack: {name: x}', { enabled: false }],
    ['a stack by its own word', '{}', ', stack: {name: x}, prune: true', { enabled: true }],
  ])('prune: %s', async (_, defaults, entry, expected) => {
    expect((await readOne(config(defaults, entry))).prune).toMatchObject(expected);
  });

  it('sync, drift and conflicts', async () => {
    const app = await readOne(
      config('{sync: {auto: false, selfHeal: true}, drift: {every: 2h}, conflicts: force}', ', sync: {auto: true}'),
    );
    expect([app.sync, app.drift, app.conflicts]).toEqual([
      { auto: true, selfHeal: true },
      { everyMs: 7_200_000 },
      'force',
    ]);
  });
});
