import { expect, test } from 'vitest';
import type { ImageDecision } from '../../../lib/core/image/decide.ts';
import { decideImages } from '../../../lib/core/image/decide.ts';
import type { ImageTag } from '../../../lib/core/image/registry.ts';

const shop = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop';
const oldDigest = `sha256:${'a'.repeat(64)}`;
const newDigest = `sha256:${'b'.repeat(64)}`;

function decide(text: string, tags: readonly (string | ImageTag)[] = ['1.3.0'], range = '^1.0'): ImageDecision {
  const all = tags.map((tag, pushedAt) => (typeof tag === 'string' ? { tag, pushedAt } : tag));
  const file = {
    path: 'app/web.yaml',
    bytes: Buffer.from(text),
    rules: [{ repository: shop, policy: { semver: range } }],
  };
  return decideImages([file], new Map([[shop, all]]));
}

function edited(text: string, tags?: readonly (string | ImageTag)[], range?: string): string | undefined {
  const decision = decide(text, tags, range);
  expect(decision.problems).toEqual([]);
  const bytes = decision.edits[0]?.bytes;
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

test.each([
  ['plain', `image: ${shop}:1.2.0 # holdfast:image ${shop}\n`],
  ['double quotes', `image: "${shop}:1.2.0" # holdfast:image ${shop}\n`],
  ['single quotes', `image: '${shop}:1.2.0'   #holdfast:image   ${shop}  \n`],
  ['line ends of Windows', `a: 1\r\nimage: ${shop}:1.2.0 # holdfast:image ${shop}\r\nb: 2\r\n`],
  ['a byte order mark', `\ufeffimage: ${shop}:1.2.0 # holdfast:image ${shop}\n`],
  [
    'letters of many bytes before it',
    `# größe ☃ 𝒳\nname: "☃𝒳"\nimage: ${shop}:1.2.0 # holdfast:image ${shop}\n# ende ☃`,
  ],
  ['no line end at the end', `image: ${shop}:1.2.0 # holdfast:image ${shop}`],
  ['a list', `images:\n  - ${shop}:1.2.0 # holdfast:image ${shop}\n  - other:1\n`],
  ['a flow list over lines', `images: [\n  ${shop}:1.2.0, # holdfast:image ${shop}\n  other:1 ]\n`],
  ['a flow map', `web: { name: x, image: "${shop}:1.2.0" } # holdfast:image ${shop}\n`],
  ['a second document', `a: 1\n---\n# c\nimage: ${shop}:1.2.0 # holdfast:image ${shop}\n...\n`],
  ['tags of CloudFormation', `Image: !Sub ${shop}:1.2.0 # holdfast:image ${shop}\nX: !GetAtt [A, B]\n`],
  ['an anchor', `image: &img ${shop}:1.2.0 # holdfast:image ${shop}\nagain: *img\n`],
])('%s: only the tag changes', (_name, text) => {
  expect(edited(text)).toBe(text.replace(':1.2.0', ':1.3.0'));
});

test('parts: a tag alone, a digest alone, and both in one', () => {
  const tags = [
    { tag: '1.2.0', digest: oldDigest, pushedAt: 1 },
    { tag: '1.3.0', digest: newDigest, pushedAt: 2 },
  ];
  const text = [
    `tag: 1.2.0 # holdfast:image ${shop}:tag`,
    `digest: ${oldDigest} # holdfast:image ${shop}:digest`,
    `both: ${shop}:1.2.0@${oldDigest} # holdfast:image ${shop}`,
    '',
  ].join('\n');
  expect(edited(text, tags)).toBe(text.replaceAll('1.2.0', '1.3.0').replaceAll(oldDigest, newDigest));
});

test('an image without a tag gets one', () => {
  expect(edited(`image: ${shop} # holdfast:image ${shop}\n`)).toBe(`image: ${shop}:1.3.0 # holdfast:image ${shop}\n`);
});

test('a plain tag that would become a number gets quotes', () => {
  expect(edited(`tag: 1.2.0 # holdfast:image ${shop}:tag\n`, ['1.10'])).toBe(
    `tag: "1.10" # holdfast:image ${shop}:tag\n`,
  );
  expect(edited(`tag: '1.2.0' # holdfast:image ${shop}:tag\n`, ['1.10'])).toBe(
    `tag: '1.10' # holdfast:image ${shop}:tag\n`,
  );
});

test.each([
  ['a newer version in the file', `image: ${shop}:1.4.0 # holdfast:image ${shop}\n`],
  ['the same version', `image: ${shop}:1.3.0 # holdfast:image ${shop}\n`],
  ['the same version written with v', `image: ${shop}:v1.3.0 # holdfast:image ${shop}\n`],
  ['a version above the range', `image: ${shop}:2.0.0 # holdfast:image ${shop}\n`],
  ['no marker', `image: ${shop}:1.2.0\n`],
  [
    'the word in a text',
    `text: "# holdfast:image ${shop}"\nblock: |\n  image: ${shop}:1.2.0 # holdfast:image ${shop}\n`,
  ],
])('%s: nothing changes and nothing is wrong', (_name, text) => {
  expect(edited(text)).toBeUndefined();
});

test('a digest alone is not replaced by an older one', () => {
  const tags = [
    { tag: '1.3.0', digest: oldDigest, pushedAt: 2 },
    { tag: '1.2.0', digest: newDigest, pushedAt: 1 },
  ];
  expect(edited(`d: ${newDigest} # holdfast:image ${shop}:digest\n`, tags)).toContain(oldDigest);
  expect(edited(`d: ${oldDigest} # holdfast:image ${shop}:digest\n`, tags)).toBeUndefined();
  expect(edited(`d: ${newDigest} # holdfast:image ${shop}:digest\n`, tags, '1.2.0')).toBeUndefined();
});

test('a tag that was pushed again changes the digest beside it', () => {
  const tags = [{ tag: '1.3.0', digest: newDigest, pushedAt: 2 }];
  const text = `image: ${shop}:1.3.0@${oldDigest} # holdfast:image ${shop}\n`;
  expect(edited(text, tags)).toBe(text.replace(oldDigest, newDigest));
});

test.each([
  ['a Secret', `kind: Secret\nstringData:\n  image: ${shop}:1.2.0 # holdfast:image ${shop}\n`],
  [
    'a Secret in a List',
    `kind: List\nitems:\n  - kind: Secret\n    data: { x: ${shop}:1.2.0 } # holdfast:image ${shop}\n`,
  ],
  ['a block text', `image: | # holdfast:image ${shop}\n  ${shop}:1.2.0\n`],
  ['a folded text', `image: >- # holdfast:image ${shop}\n  ${shop}:1.2.0\nb: 1\n`],
  ['a text over two lines', `image: "${shop}:1.2.0\n  " # holdfast:image ${shop}\n`],
  ['a line of its own', `# holdfast:image ${shop}\nimage: ${shop}:1.2.0\n`],
  ['an alias', `a: &x ${shop}:1.2.0\nb: *x # holdfast:image ${shop}\n`],
  ['a key without value', `image: # holdfast:image ${shop}\n`],
  ['another repository', `image: ${shop}-two:1.2.0 # holdfast:image ${shop}\n`],
  ['a repository without a rule', `image: other:1.2.0 # holdfast:image other\n`],
  ['a marker without repository', `image: ${shop}:1.2.0 # holdfast:image\n`],
  ['a marker with more behind it', `image: ${shop}:1.2.0 # holdfast:image ${shop} please\n`],
  ['a template of Helm', `image: {{ .Values.image }}:1.2.0 # holdfast:image ${shop}\n{{ if }}\n`],
  ['a digest that the registry does not tell', `d: ${oldDigest} # holdfast:image ${shop}:digest\n`],
])('%s is not edited, and said with file and line', (_name, text) => {
  const decision = decide(text);
  expect(decision.edits).toEqual([]);
  expect(decision.problems).toHaveLength(1);
  expect(decision.problems[0]).toMatchObject({ file: 'app/web.yaml', message: expect.stringMatching(/./) });
});

test('rules that choose different tags are refused', () => {
  const rules = ['^1.0', '^2.0'].map((semver) => ({ repository: shop, policy: { semver } }));
  const bytes = Buffer.from(`image: ${shop}:1.2.0 # holdfast:image ${shop}\n`);
  const tags = new Map([[shop, ['1.3.0', '2.0.0'].map((tag) => ({ tag, pushedAt: 1 }))]]);
  const decision = decideImages([{ path: 'holdfast.yaml', bytes, rules }], tags);
  expect(decision.edits).toEqual([]);
  expect(decision.problems[0]?.message).toContain('different tags');
});

test('tags that are not tags never reach a file or a message', () => {
  const hostile = ['9.9.9\nx: 1', '9.9.9"', "9.9.9'", '9.9.9 # x', '$(touch x)', `9.9.9${'9'.repeat(300)}`, '@channel'];
  expect(decide(`image: ${shop}:1.2.0 # holdfast:image ${shop}\n`, hostile, '*')).toMatchObject({
    edits: [],
    updates: [],
  });
});

test('the message says what changes, and has a trailer by which it is known', () => {
  const decision = decide(`a: 1\nimage: ${shop}:1.2.0 # holdfast:image ${shop}\n`);
  expect(decision.message).toBe(
    `Update shop:1.3.0\n\n- app/web.yaml:2: ${shop}:1.2.0 -> ${shop}:1.3.0\n\nHoldfast-Image: ${shop}:1.3.0\n`,
  );
});
