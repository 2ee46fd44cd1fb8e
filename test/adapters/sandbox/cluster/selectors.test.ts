// Label and field selectors.
import { describe, expect, test } from 'vitest';
import { fieldSelector, labelSelector } from '../../../../lib/adapters/sandbox/cluster/api/selectors.ts';

const object = {
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web', tier: 'front', n: '5', empty: '' } },
};

describe('a label selector', () => {
  test.each([
    ['', true],
    ['app=web', true],
    ['app==web', true],
    ['app=other', false],
    ['app!=other', true],
    ['missing!=x', true],
    ['app', true],
    ['missing', false],
    ['!missing', true],
    ['!app', false],
    ['app in (web, api)', true],
    ['app in (api)', false],
    ['app notin (api)', true],
    ['missing notin (api)', true],
    ['app=web,tier in (front,back),!x', true],
    ['app=web,tier=back', false],
    ['n>4', true],
    ['n<4', false],
    ['empty=', true],
  ])('%s', (text, wanted) => {
    expect(labelSelector(text)(object)).toBe(wanted);
  });

  test.each([
    ['a===b', "unable to parse requirement: found '=', expected: identifier"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['=b', "unable to parse requirement: found '=', expected: identifier"],
  ])('%s is refused in the server’s words', (text, message) => {
    expect(() => labelSelector(text)).toThrow(message);
  });
});

describe('a field selector', () => {
  test.each([
    ['metadata.name=web', true],
    ['metadata.name!=web', false],
    ['metadata.namespace=shop,metadata.name=web', true],
    ['metadata.namespace=other', false],
  ])('%s', (text, wanted) => {
    expect(fieldSelector(text, 'ConfigMap')(object)).toBe(wanted);
  });

  test('knows which fields a kind can be selected by', () => {
    expect(() => fieldSelector('data.x=1', 'ConfigMap')).toThrow('"data.x" is not a known field selector');
    expect(fieldSelector('status.phase=Running', 'Pod')({ status: { phase: 'Running' } })).toBe(true);
  });
});
