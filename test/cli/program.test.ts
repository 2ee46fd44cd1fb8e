// The command table that scripts outside this repository rely on.
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../../lib/cli/main.ts';

const program = buildProgram(() => undefined);

function find(path: string): Command {
  let at: Command = program;
  for (const word of path.split(' ')) {
    const next = at.commands.find((command) => command.name() === word);
    if (next === undefined) throw new RangeError(`no command ${path}`);
    at = next;
  }
  return at;
}

const flagsOf = (path: string): readonly string[] =>
  find(path)
    .options.map((option) => option.long ?? '')
    .toSorted();

describe('commands and their flags', () => {
  const source = ['--repo', '--revision', '--worktree'];
  const target = ['--context', '--data', '--installation', '--kubeconfig', '--output', '--target'];
  test.each([
    [
      'up',
      [
        '--data',
        '--installation',
        '--json',
        '--kubeconfig',
        '--no-examples',
        '--rotate-webhook-secret',
        '--output',
        '--port',
        '--root',
      ],
    ],
    ['validate', ['--json', '--output', '--repo', '--revision', '--worktree']],
    ['render', [...source, '--api-versions', '--enable-helm', '--json', '--kube-version', '--output']],
    ['plan', [...source, ...target, '--json']],
    ['apply', [...source, ...target, '--json', '--no-prune', '--no-wait', '--prune', '--timeout', '--wait', '--yes']],
    ['status', ['--data', '--json', '--output', '--stack']],
    ['history', ['--data', '--json', '--output', '--stack']],
    ['drift', ['--data', '--json', '--output', '--stack']],
    ['suspend', ['--data', '--json', '--output', '--stack']],
    ['resume', ['--data', '--json', '--output', '--stack']],
    ['sync', ['--data', '--json', '--output', '--prune', '--stack']],
    ['rollback', ['--data', '--json', '--output', '--to', '--stack']],
    ['dlq list', ['--data', '--json', '--output', '--stack']],
    ['dlq redrive', ['--data', '--json', '--output', '--stack']],
  ])('%s', (name, flags) => {
    expect(flagsOf(name)).toEqual(flags.toSorted());
  });

  test('every command that answers takes -o json and --json', () => {
    const leaves = (command: Command): readonly Command[] =>
      command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
    const lacking = program.commands
      .flatMap(leaves)
      .filter((command) => command.name() !== 'demo')
      .filter(({ options }) => {
        const choices = options.find((option) => option.long === '--output')?.argChoices ?? [];
        return !choices.includes('json') || options.every((option) => option.long !== '--json');
      });
    expect(lacking.map((command) => command.name())).toEqual([]);
  });

  test('defaults', () => {
    const defaultOf = (path: string, long: string): unknown =>
      find(path).options.find((option) => option.long === long)?.defaultValue;
    expect(defaultOf('plan', '--repo')).toBe('.');
    expect(defaultOf('apply', '--data')).toBe('.holdfast');
    expect(defaultOf('apply', '--output')).toBe('text');
    expect(defaultOf('render', '--output')).toBe('yaml');
    expect(defaultOf('apply', '--timeout')).toBe('10m');
    // Neither --prune nor --no-prune leaves the policy of the application in force.
    expect(defaultOf('apply', '--prune')).toBeUndefined();
  });
});
