// The table of `holdfast status`: a line for each application, and under it what to do when the last try did not end well.
import { expect, test } from 'vitest';
import { statusText } from '../../lib/cli/commands/status.ts';
import type { Paint } from '../../lib/cli/output.ts';
import type { AppStatus } from '../../lib/web/views.ts';

const plain: Paint = (_, text) => text;

function app(over: Partial<AppStatus> & Pick<AppStatus, 'name'>): AppStatus {
  const revision = '4a1f6b1d0f3c2e5a7b9c8d7e6f5a4b3c2d1e0f9a';
  const well = { sync: 'Synced', health: 'Healthy', message: '' } as const;
  return { target: 'prod', ...well, revision, appliedRevision: revision, lastRun: null, ...over };
}

const text = (...apps: readonly AppStatus[]): string => statusText({ schemaVersion: 1, apps }, plain);

test('says under an application what to do next', () => {
  const broken = { sync: 'OutOfSync', appliedRevision: null } as const;
  expect(
    text(
      app({ name: 'web', ...broken, message: 'The role cannot be assumed', next: 'holdfast target add prod' }),
      app({ name: 'shop' }),
      app({ name: 'held', ...broken, message: '2 deletes are held: `holdfast plan held`', next: 'holdfast plan held' }),
    ).split('\n'),
  ).toEqual([
    'NAME  TARGET  SYNC       HEALTH   REVISION  MESSAGE',
    'web   prod    OutOfSync  Healthy  -         The role cannot be assumed',
    '  next: holdfast target add prod',
    'shop  prod    Synced     Healthy  4a1f6b1d',
    'held  prod    OutOfSync  Healthy  -         2 deletes are held: `holdfast plan held`',
  ]);
});

test('is one line for each application, whatever its message and its advice hold', () => {
  const lines = text(app({ name: 'web', message: 'a\n  b\u001b[2J', next: 'c\nd' }), app({ name: 'shop' })).split('\n');
  expect(lines).toHaveLength(4);
  expect(lines.slice(1, 3)).toEqual(['web   prod    Synced  Healthy  4a1f6b1d  a b\uFFFD[2J', '  next: c d']);
});
