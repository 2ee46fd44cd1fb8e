// apply of so many applications that the first of them act while the others are still rendered: the outcome is the same.
import { expect, test } from 'vitest';
import { holdfast } from '../support/cli.ts';
import { writeFiles } from '../support/git.ts';
import { tempDir } from '../support/temp-dir.ts';

const count = 140;
const name = (index: number): string => `app-${String(index).padStart(3, '0')}`;
const map = (app: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${app} }\ndata: { a: "${value}" }\n`;
const all = Array.from({ length: count }, (_, index) => name(index));

/** The last depends on the first, and a later one on the last: neither stands where its group would begin it. */
const depends: Readonly<Record<string, string>> = { [name(139)]: name(0), [name(60)]: name(139) };
const config = [
  'version: 1',
  'targets: { dev: { sandbox: {} } }',
  'apps:',
  ...all.map((app) => {
    const on = depends[app] === undefined ? '' : `, dependsOn: [${depends[app]}]`;
    return `  - { name: ${app}, path: apps/${app}, target: dev, namespace: default${on} }`;
  }),
  '',
].join('\n');

interface Applied {
  readonly apps: readonly {
    readonly name: string;
    readonly outcome: string;
    readonly summary: { readonly create: number };
  }[];
}

test('everything is applied in order, and what is broken stays alone', async () => {
  const cwd = tempDir();
  writeFiles(cwd, { 'holdfast.yaml': config });
  for (const app of all) writeFiles(cwd, { [`apps/${app}/map.yaml`]: map(app, '1') });
  const first = await holdfast(['apply', '--yes', '--worktree', '-o', 'json'], { cwd });
  expect(first).toMatchObject({ code: 0 });
  const { apps } = JSON.parse(first.stdout) as Applied;
  expect(apps.map((app) => app.name).sort()).toEqual(all);
  expect(apps.filter((app) => app.outcome !== 'succeeded' || app.summary.create !== 1)).toEqual([]);

  expect(await holdfast(['plan', '--worktree'], { cwd })).toMatchObject({ code: 0 });

  // Nearly all change; one of the first and one of the last cannot be rendered.
  for (const app of all) writeFiles(cwd, { [`apps/${app}/map.yaml`]: map(app, '2') });
  for (const broken of [name(3), name(130)]) writeFiles(cwd, { [`apps/${broken}/map.yaml`]: 'a: [\n' });
  const second = await holdfast(['apply', '--yes', '--worktree', '-o', 'json'], { cwd });
  expect(second.code).toBe(2);
  expect(second.stderr).toContain('app-003');
  expect(second.stderr).toContain('app-130');
}, 120_000);
