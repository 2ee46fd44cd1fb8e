import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideImages } from '../../../lib/core/image/decide.ts';

const quote = fc.constantFrom('', "'", '"');
const eol = fc.constantFrom('\n', '\r\n');
const filler = fc.constantFrom(
  '# größe ☃',
  'a: "𝒳 ☃"',
  "b: 'it''s'",
  'c:   # nothing',
  '---',
  'd: [1, "2", {e: ☃}]',
  'f: |\n  text: x:1.0.0 # holdfast:image x\n  ☃',
  '',
  'g: "a \\u263a\\n b"   ',
  'h: x:1.0.0',
);

/** Pieces of a file: what must stay, and the tags that must change. */
const file = fc
  .record({
    bom: fc.boolean(),
    eol,
    lines: fc.array(fc.oneof(filler, fc.record({ key: fc.integer({ min: 0, max: 1e9 }), quote, indent: fc.nat(3) })), {
      maxLength: 20,
    }),
  })
  .map(({ bom, eol, lines }) => {
    const pieces: string[] = [bom ? '\ufeff' : ''];
    for (const [number, line] of lines.entries()) {
      if (typeof line === 'string') pieces[pieces.length - 1] += renamed(line, number).replaceAll('\n', eol) + eol;
      else {
        pieces[pieces.length - 1] += `k${number}_${line.key}:${' '.repeat(line.indent + 1)}${line.quote}x:`;
        pieces.push(`${line.quote} # holdfast:image x${eol}`);
      }
    }
    return pieces;
  });

/** Keys are made unique; doubled ones are another test's matter. */
function renamed(line: string, number: number): string {
  return line.replace(/^([a-h]):/, `$1${number}:`);
}

test('every byte outside the edited scalars is as it was', () => {
  const property = fc.property(file, (pieces) => {
    const before = Buffer.from(pieces.join('1.0.0'));
    const rules = [{ repository: 'x', policy: { semver: '^1.0' } }];
    const tags = new Map([['x', [{ tag: '1.20.0', pushedAt: 1 }]]]);
    const decision = decideImages([{ path: 'f.yaml', bytes: before, rules }], tags);
    if (decision.problems.length > 0) return false;
    const after = Buffer.from(decision.edits[0]?.bytes ?? before);
    return after.equals(Buffer.from(pieces.join('1.20.0')));
  });
  expect(() => fc.assert(property, { numRuns: 300 })).not.toThrow();
});
