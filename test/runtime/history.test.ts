// A branch that was set back or rewritten is followed, and somebody is told.
import { expect, test } from 'vitest';
import { newRepoState, type RepoState } from '../../lib/core/reconcile/state.ts';
import type { Movement } from '../../lib/core/source/git.ts';
import type { RunnerEvent } from '../../lib/runtime/home.ts';
import { lookAtRepository } from '../../lib/runtime/repository.ts';
import { memoryReader } from '../support/memory-tree.ts';
import { Simulation } from '../support/simulation.ts';

const [old, head] = ['a'.repeat(40), 'b'.repeat(40)];
const files = { 'holdfast.yaml': 'version: 1\ntargets: { sandbox: { sandbox: {} } }\napps: []\n' };

async function look(
  movement: () => Promise<Movement | undefined>,
  before: RepoState = { ...newRepoState, revision: old },
) {
  const { home } = new Simulation(1).addWorker();
  const events: RunnerEvent[] = [];
  const source = {
    ...home.root.source,
    head: async () => head,
    open: async (id: string) => memoryReader(files, id),
    movement,
  };
  const seen = { ...home, root: { ...home.root, source }, emit: (event: RunnerEvent) => events.push(event) };
  const { state } = await lookAtRepository(seen, before, [], () => undefined);
  expect(state).toMatchObject({ revision: head, failure: undefined });
  return events.filter(({ event }) => event === 'history-rewritten');
}

test.each([
  ['back', /was set back from aaaaaaaa to bbbbbbbb, a commit before it/],
  ['rewritten', /was rewritten: bbbbbbbb does not build on aaaaaaaa/],
] as const)('a branch that moved %s is followed, and said', async (movement, message) => {
  expect(await look(async () => movement)).toMatchObject([
    { message: expect.stringMatching(message), data: { from: old, to: head, movement } },
  ]);
});

test('nothing is said of a branch that moved forward, of what is not known, and of the first look', async () => {
  expect(await look(async () => 'forward')).toEqual([]);
  expect(await look(async () => undefined)).toEqual([]);
  expect(await look(async () => await Promise.reject(new Error('disk')))).toEqual([]);
  expect(await look(async () => 'rewritten', newRepoState)).toEqual([]);
});
