import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failureJson, failureLines, type Paint, paintOut, printable, table } from '../../lib/cli/output.ts';
import type { Failure } from '../../lib/core/errors.ts';

const plain: Paint = (_, text) => text;
const failure: Failure = {
  code: 'Immutable',
  source: 'user',
  message: 'spec.selector cannot change',
  retryable: false,
  object: 'Deployment/prod/web',
  reason: 'field is immutable',
  next: 'Give it another name',
};

describe('an error', () => {
  test('says what, about which object, why, and what to type next', () => {
    expect(failureLines(failure, plain)).toBe(
      'error Immutable Deployment/prod/web: spec.selector cannot change\n  why:  field is immutable\n  next: Give it another name\n',
    );
  });

  test('says nothing twice', () => {
    const message = 'holdfast.yaml:1:1 ConfigMissing Deployment/prod/web: field is immutable';
    expect(failureLines({ ...failure, code: 'ConfigMissing', message, next: 'holdfast validate' }, plain)).toBe(
      `error ${message}\n  next: holdfast validate\n`,
    );
    expect(failureLines({ ...failure, code: 'Unauthorized', reason: 'Unauthorized' }, plain)).not.toContain('why:');
  });

  test('cuts a reason that repeats a whole object, and keeps its end', () => {
    const text = failureLines({ ...failure, reason: `${'x'.repeat(5000)} field is immutable` }, plain);
    expect(text.length).toBeLessThan(700);
    expect(text).toContain('field is immutable');
  });

  test('brings no escape sequence of a remote side to the terminal', () => {
    const evil = `\u001b]0;owned\u0007\u001b[2J\u009b31m`;
    const text = failureLines({ ...failure, message: evil, reason: `why ${evil}`, object: evil, next: evil }, plain);
    expect(text.split('\n').join('')).toBe(printable(text.split('\n').join('')));
    expect(text).not.toContain('\u001b');
  });

  test('in JSON is one line that holds all of it', () => {
    const text = failureJson({ ...failure, app: 'web' });
    expect(text.endsWith('}\n')).toBe(true);
    expect(JSON.parse(text)).toEqual({ schemaVersion: 1, error: { ...failure, app: 'web', hint: failure.next } });
  });
});

describe('colour', () => {
  beforeEach(() => {
    for (const name of ['NO_COLOR', 'FORCE_COLOR', 'TERM']) vi.stubEnv(name, '');
  });
  afterEach(() => vi.unstubAllEnvs());

  const painted = (): boolean => paintOut('red', 'x') !== 'x';

  test.each([
    ['no terminal', {}, false],
    ['FORCE_COLOR', { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0', { FORCE_COLOR: '0' }, false],
    ['NO_COLOR beside FORCE_COLOR', { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    ['NO_COLOR of any value', { FORCE_COLOR: '1', NO_COLOR: '0' }, false],
  ])('%s: %s', (_, env, expected) => {
    const isTTY = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY');
    Object.defineProperty(process.stdout, 'isTTY', { value: false, configurable: true });
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    expect(painted()).toBe(expected);
    if (isTTY === undefined) Reflect.deleteProperty(process.stdout, 'isTTY');
    else Object.defineProperty(process.stdout, 'isTTY', isTTY);
  });
});

test('a table lines up what is seen, with and without colours', () => {
  const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;
  expect(
    table([
      ['a', 'bbb', 'c'],
      ['aaaa', red('b'), 'c'],
      ['', '', ''],
    ]),
  ).toBe(`a     bbb  c\naaaa  ${red('b')}    c\n`);
});
