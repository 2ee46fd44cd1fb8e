// Whatever stands in the file: an answer, never a throw, and every problem at a place that the file has.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { configCodes } from '../../../lib/core/config/problems.ts';
import { read } from './support.ts';

async function holds(text: string): Promise<void> {
  const result = await read(text);
  const rows = text.split('\n');
  for (const problem of result.problems) {
    expect(Object.keys(configCodes)).toContain(problem.code);
    expect(problem.line).toBeGreaterThanOrEqual(1);
    expect(problem.line).toBeLessThanOrEqual(rows.length);
    expect(problem.column).toBeGreaterThanOrEqual(1);
    expect(problem.column).toBeLessThanOrEqual((rows[problem.line - 1] ?? '').length + 1);
    expect(problem.message).not.toMatch(/\p{Cc}/u);
  }
  const refused = result.kind === 'refused' ? [{ problems: result.problems }] : result.catalogue.held;
  for (const one of refused) expect(one.problems).not.toEqual([]);
}

const word = fc.constantFrom(
  'name',
  'path',
  'target',
  'targets',
  'discover',
  'stack',
  'parameters',
  'tags',
  'prune',
  'sync',
  'drift',
  'every',
  'budget',
  'percent',
  'helm',
  'values',
  'valuesFiles',
  'dependsOn',
  'images',
  'repository',
  'policy',
  'semver',
  'adopt',
  'from',
  'web',
  'demo',
  'apps/web',
  '15m',
  '__proto__',
  'a/*/b',
);
const leaf = fc.oneof(word, fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(word, tie('value'), { maxKeys: 4 }),
  ),
}));
const entry = fc.record(
  {
    name: leaf,
    path: leaf,
    target: leaf,
    targets: value,
    discover: leaf,
    stack: value,
    prune: value,
    sync: value,
    drift: value,
    helm: value,
    dependsOn: value,
    images: value,
    adopt: value,
    movedFrom: leaf,
  },
  { requiredKeys: [] },
);
const file = fc.record({
  version: fc.oneof(fc.constant(1), leaf),
  targets: fc.oneof(fc.constant({ demo: { sandbox: {} } }), value),
  defaults: fc.oneof(fc.constant(undefined), value),
  apps: fc.oneof(fc.array(entry, { maxLength: 4 }), value),
});

it('any text', async () => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), holds), { numRuns: 300 });
});

it('text that is nearly YAML', async () => {
  const piece = fc.constantFrom(
    'apps:',
    'version: 1',
    '\n',
    '\n  ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    ': ',
    '"',
    "'",
    '&a ',
    '*a',
    '!x ',
    '|\n',
    '#',
    '---',
    '<<: ',
    '? ',
    ',',
    'name',
    '\t',
    '%',
    '\u0000',
    '\ufeff',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      holds,
    ),
    { numRuns: 500 },
  );
});

it('any values in the right places', async () => {
  await fc.assert(
    fc.asyncProperty(
      file.map((data) => stringify(data)),
      holds,
    ),
    { numRuns: 300 },
  );
});

it('the same values written in one line', async () => {
  const oneLine = file.map((data) => stringify(data, { collectionStyle: 'flow' }));
  await fc.assert(fc.asyncProperty(oneLine, holds), { numRuns: 200 });
});
