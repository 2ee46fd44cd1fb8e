import { describe, expect, it } from 'vitest';
import { durationFault, durationMs, globFault, nameFault, pathFault } from '../../../lib/core/config/formats.ts';

it.each([
  ['30s', 30_000],
  ['15m', 900_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['0s', undefined],
  ['-1s', undefined],
  ['1ns', undefined],
  ['10y', undefined],
  ['1.5h', undefined],
  ['1h30m', undefined],
  [' 1h', undefined],
  ['9999999999s', undefined],
  ['', undefined],
])('%j is %s ms', (text, expected) => {
  expect(durationMs(text)).toBe(expected);
});

describe('a range of durations includes both ends', () => {
  it.each([
    ['10s', true],
    ['9s', false],
    ['30d', true],
    ['720h', true],
    ['31d', false],
  ])('%s: %s', (text, fits) => {
    expect(durationFault(text, { least: '10s', most: '30d' }) === undefined).toBe(fits);
  });
});

it.each([
  ['a', true],
  ['a-1', true],
  ['1a', true],
  ['a'.repeat(53), true],
  ['a'.repeat(54), false],
  ['-a', false],
  ['a-', false],
  ['A', false],
  ['a.b', false],
  ['a b', false],
  ['', false],
  ['prototype', false],
])('the name %j: %s', (text, fits) => {
  expect(nameFault(text, 53) === undefined).toBe(fits);
});

it.each([
  ['.', '', undefined],
  ['a/../b', '', undefined],
  ['..', 'a', undefined],
  ['..', '', 'ConfigPathEscape'],
  ['../..', 'a', 'ConfigPathEscape'],
  ['/a', '', 'ConfigPathEscape'],
  ['C:\\a', '', 'ConfigPath'],
  ['a\u0000b', '', 'ConfigPath'],
  ['', '', 'ConfigPath'],
])('the path %j seen from %j: %s', (text, directory, code) => {
  expect(pathFault(text, directory)?.code).toBe(code);
});

it('a glob has at most 200 characters', () => {
  expect(globFault('*.yaml')).toBeUndefined();
  expect(globFault('x'.repeat(201))?.code).toBe('ConfigValue');
});
