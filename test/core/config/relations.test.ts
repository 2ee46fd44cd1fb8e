import { describe, expect, it } from 'vitest';
import type { CatalogueResult } from '../../../lib/core/config/model.ts';
import { circles } from '../../../lib/core/config/relations.ts';
import { lines, read } from './support.ts';

const targets =
  'targets:\n  a: { sandbox: {} }\n  b: { kubeconfig: {} }\n  cfn: { cloudformation: { region: eu-west-1 } }\n';
const files = [
  'apps/web/web.yaml',
  'apps/api/api.yaml',
  'stacks/net.yaml',
  'teams/red/web/w.yaml',
  'teams/blue/web/w.yaml',
];
/** Reads entries, each on a line of its own from line 7 on. */
async function entries(...list: readonly string[]): Promise<CatalogueResult> {
  return await read(`version: 1\n${targets}apps:\n${list.map((entry) => `  - {${entry}}\n`).join('')}`, files);
}
function names(result: CatalogueResult): {
  readonly apps: readonly string[];
  readonly held: readonly (string | undefined)[];
} {
  if (result.kind === 'refused') return { apps: ['refused'], held: [] };
  const { apps, held } = result.catalogue;
  return { apps: apps.map((app) => app.name), held: held.map((entry) => entry.name) };
}

const web = 'name: web, path: apps/web, target: a';
const api = 'name: api, path: apps/api, target: a';
const net = 'name: net, path: stacks/net.yaml, target: cfn, stack: {name: net}';

describe('two of one name', () => {
  it('holds both, and no other', async () => {
    const result = await entries(web, 'name: web, path: apps/api, target: b', net);
    expect(lines(result)).toEqual([
      '7:12 ConfigDuplicateName The name "web" is used again on line 8 (path apps/api)',
      '8:12 ConfigDuplicateName The name "web" is used again on line 7 (path apps/web)',
    ]);
    expect(names(result)).toEqual({ apps: ['net'], held: ['web', 'web'] });
  });

  it('is told although the other entry is wrong elsewhere', async () => {
    const result = await entries(web, 'name: web, path: apps/api, target: b, recurse: 1');
    expect(result.problems.map((problem) => problem.code)).toEqual([
      'ConfigDuplicateName',
      'ConfigDuplicateName',
      'ConfigWrongType',
    ]);
  });

  it('holds only the discovered directory that clashes', async () => {
    const result = await entries('discover: teams/*/web, target: a', 'name: red, path: apps/web, target: a');
    expect(names(result)).toEqual({ apps: ['blue'], held: ['red', 'red'] });
    expect(lines(result)[0]).toBe(
      '7:16 ConfigDuplicateName The name "red" found at "teams/red/web" is used again on line 8 (path apps/web)',
    );
  });
});

describe('two of one stack', () => {
  it('on one target holds both', async () => {
    const result = await entries(net, net.replace('name: net,', 'name: other,'));
    expect(lines(result)).toEqual([
      '7:67 ConfigDuplicateStack The stack "net" in this place is also that of "other"',
      '8:69 ConfigDuplicateStack The stack "net" in this place is also that of "net"',
    ]);
    expect(names(result)).toEqual({ apps: [], held: ['net', 'other'] });
  });

  it('on two targets is fine', async () => {
    expect(names(await entries(net, 'name: other, path: stacks/net.yaml, target: a, stack: {name: net}')).held).toEqual(
      [],
    );
  });
});

it('two names of one account and region are one place for stacks', async () => {
  const where = '{ cloudformation: { region: eu-west-1, account: "111122223333" } }';
  const entry = (name: string, target: string): string =>
    `  - {name: ${name}, path: stacks/net.yaml, target: ${target}, stack: {name: net}}\n`;
  const text = `version: 1\ntargets:\n  x: ${where}\n  y: ${where}\napps:\n${entry('a', 'x')}${entry('b', 'y')}`;
  expect((await read(text, files)).problems.map((problem) => problem.code)).toEqual([
    'ConfigDuplicateStack',
    'ConfigDuplicateStack',
  ]);
});

describe('former names', () => {
  it('are kept', async () => {
    const result = await entries(`${web}, movedFrom: old-web`);
    expect(result.kind === 'catalogue' && result.catalogue.apps[0]?.movedFrom).toBe('old-web');
  });

  it.each([
    ['a name that is still there', [`${web}, movedFrom: api`, api], ['web']],
    ['its own name', [`${web}, movedFrom: web`, api], ['web']],
    ['a former name of two', [`${web}, movedFrom: old`, `${api}, movedFrom: old`], ['api']],
  ])('%s is refused', async (_, given, held) => {
    const result = await entries(...given);
    expect(result.problems.map((problem) => problem.code)).toEqual(['ConfigDuplicateName']);
    expect(names(result).held).toEqual(held);
  });
});

describe('targets', () => {
  it.each([
    [
      'a stack on a cluster',
      'name: net, path: stacks/net.yaml, target: b, stack: {name: net}',
      '7:48 ConfigTargetKind The target "b" is a cluster and takes no stack',
    ],
    [
      'a Kubernetes application on CloudFormation',
      'name: web, path: apps/web, target: cfn',
      '7:41 ConfigTargetKind The target "cfn" takes stacks only; add `stack: { name: … }` or choose a cluster',
    ],
    [
      'discovered applications on CloudFormation',
      'discover: teams/*/web, target: cfn',
      '7:37 ConfigTargetKind The target "cfn" takes stacks only; add `stack: { name: … }` or choose a cluster',
    ],
  ])('%s', async (_, entry, expected) => {
    const result = await entries(entry);
    expect(lines(result)).toEqual([expected]);
    expect(names(result).apps).toEqual([]);
  });

  it('several make one application each', async () => {
    const result = await entries(
      'name: web, path: apps/web, targets: [a, b]',
      'name: api, path: apps/api, targets: [a]',
    );
    expect(result.kind === 'catalogue' && result.catalogue.apps.map((app) => [app.id, app.name, app.target])).toEqual([
      ['demo/web@a', 'web@a', 'a'],
      ['demo/web@b', 'web@b', 'b'],
      ['demo/api@a', 'api@a', 'a'],
    ]);
  });

  it('one unknown of several holds the entry', async () => {
    const result = await entries('name: web, path: apps/web, targets: [a, c]', api);
    expect(lines(result)).toEqual(['7:46 ConfigUnknownTarget There is no target "c"']);
    expect(names(result)).toEqual({ apps: ['api'], held: ['web'] });
  });
});

describe('who waits for whom', () => {
  it.each([
    ['a name', 'dependsOn: [api]', ['demo/api']],
    ['one on the same target', 'dependsOn: [both]', ['demo/both@a']],
    ['one on a given target', 'dependsOn: [both@b]', ['demo/both@b']],
    ['all where none is on the same target', 'dependsOn: [far]', ['demo/far@b']],
    ['one that is held', 'dependsOn: [broken]', ['demo/broken']],
  ])('%s', async (_, dependsOn, expected) => {
    const result = await entries(
      `${web}, ${dependsOn}`,
      api,
      'name: both, path: apps/api, targets: [a, b]',
      'name: far, path: apps/api, targets: [b]',
      'name: broken, path: nowhere, target: a',
    );
    expect(result.kind === 'catalogue' && result.catalogue.apps[0]?.dependsOn).toEqual(expected);
  });

  it('a target on which the other is not', async () => {
    const result = await entries(`${web}, dependsOn: [api@b]`, api);
    expect(lines(result)).toEqual(['7:56 ConfigUnknownApp The application "api" is not on a target "b"']);
  });

  it('a circle holds all in it and names them; who only waits for it goes on', async () => {
    const result = await entries(
      `${web}, dependsOn: [api]`,
      `${api}, dependsOn: [net]`,
      `${net}, dependsOn: [web@a]`,
      'name: after, path: apps/web, target: a, dependsOn: [web]',
    );
    expect(names(result)).toEqual({ apps: ['after'], held: ['web', 'api', 'net'] });
    expect(lines(result)[0]).toBe('7:55 ConfigCycle These wait for each other in a circle: api, net, web');
    expect(result.problems).toHaveLength(3);
  });

  it('a circle is found in a chain of 20,000 without running out of stack', () => {
    const count = 20_000;
    const chain = new Map(Array.from({ length: count }, (_, index) => [`n${index}`, [`n${index + 1}`]] as const));
    expect(circles(chain)).toEqual([]);
    chain.set(`n${count}`, ['n0']);
    expect(circles(chain)[0]).toHaveLength(count + 1);
  });

  it('two circles that touch are one, two that do not are two', () => {
    const edges = { a: ['b'], b: ['a', 'c'], c: ['b'], d: ['e'], e: ['d', 'a'], f: ['f'], g: ['a'] };
    expect(circles(new Map(Object.entries(edges)))).toEqual([['a', 'b', 'c'], ['d', 'e'], ['f']]);
  });
});
