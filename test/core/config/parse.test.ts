import { describe, expect, it } from 'vitest';
import { lines, read, readGood } from './support.ts';

const example = `version: 1
targets:
  prod:  { eks: { cluster: prod, region: eu-west-1, roleArn: arn:aws:iam::111122223333:role/holdfast-prod } }
  infra: { cloudformation: { region: eu-west-1, account: "111122223333", roleArn: arn:aws:iam::111122223333:role/holdfast-infra } }
  dev:   { kubeconfig: { context: kind-dev } }      # one-machine mode
  demo:  { sandbox: {} }                            # embedded, nothing needed
defaults:
  sync: { auto: true, prune: true, selfHeal: false }
  drift: { every: 15m }
apps:
  - name: network
    path: stacks/network.yaml
    target: infra
    stack: { name: network, parameters: { Cidr: 10.0.0.0/16 }, capabilities: [CAPABILITY_IAM] }
  - name: shop
    path: apps/shop/overlays/prod                   # kustomization.yaml, Chart.yaml or plain YAML: found by looking
    target: prod
    namespace: shop
    dependsOn: [network]
    images:
      - { repository: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop, policy: { semver: ^1.0 }, update: commit }
  - discover: teams/*/apps/*                        # one application per directory
    target: prod
`;
const exampleFiles = [
  'stacks/network.yaml',
  'apps/shop/overlays/prod/kustomization.yaml',
  'teams/red/apps/web/web.yaml',
  'teams/red/apps/api/api.yaml',
  'teams/blue/apps/web/web.yaml',
  'teams/blue/README.md',
  'teams/blue/apps/notes.md',
];

describe('the example of the documentation', () => {
  it('gives its applications, discovered ones in path order', async () => {
    const catalogue = await readGood(example, exampleFiles);
    expect(catalogue.held).toEqual([]);
    expect(catalogue.apps.map((app) => [app.id, app.path, app.target])).toEqual([
      ['demo/network', 'stacks/network.yaml', 'infra'],
      ['demo/shop', 'apps/shop/overlays/prod', 'prod'],
      ['demo/blue-web', 'teams/blue/apps/web', 'prod'],
      ['demo/red-api', 'teams/red/apps/api', 'prod'],
      ['demo/red-web', 'teams/red/apps/web', 'prod'],
    ]);
  });

  it('fills every default in', async () => {
    const { apps, targets } = await readGood(example, exampleFiles);
    expect(apps[0]).toEqual({
      id: 'demo/network',
      name: 'network',
      alias: 'demo',
      path: 'stacks/network.yaml',
      target: 'infra',
      exclude: [],
      recurse: true,
      helm: { valuesFiles: [], values: {} },
      stack: { name: 'network', parameters: { Cidr: '10.0.0.0/16' }, tags: {}, capabilities: ['CAPABILITY_IAM'] },
      dependsOn: [],
      sync: { auto: true, selfHeal: false },
      prune: { enabled: false, confirm: false, adopted: false, kinds: [], budget: { percent: 50, atLeast: 5 } },
      drift: { everyMs: 900_000 },
      conflicts: 'fail',
      adoptFrom: [],
      images: [],
      position: { file: 'holdfast.yaml', line: 11, column: 5 },
    });
    expect(apps[1]).toMatchObject({
      namespace: 'shop',
      dependsOn: ['demo/network'],
      prune: { enabled: true, budget: { percent: 50, atLeast: 5 } },
      images: [{ repository: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop', policy: { semver: '^1.0' } }],
    });
    expect(targets.infra).toEqual({
      kind: 'cloudformation',
      name: 'infra',
      region: 'eu-west-1',
      account: '111122223333',
      roleArn: 'arn:aws:iam::111122223333:role/holdfast-infra',
    });
    expect(targets.demo).toEqual({ kind: 'sandbox', name: 'demo' });
  });

  it('says of `update: pull-request` that it is not in this version, and holds only that entry', async () => {
    const result = await read(example.replace('update: commit', 'update: pull-request'), exampleFiles);
    expect(lines(result)).toEqual([
      '21:108 ConfigNotYet "pull-request" is not in this version of Holdfast; write `update: commit`',
    ]);
    expect(result.kind === 'catalogue' && result.catalogue.held.map((entry) => entry.name)).toEqual(['shop']);
    expect(result.kind === 'catalogue' && result.catalogue.apps).toHaveLength(4);
  });
});

describe('what refuses the whole commit', () => {
  it.each([
    ['no file', undefined, /^1:1 ConfigMissing There is no "holdfast.yaml"/],
    ['an empty file', '', /^1:1 ConfigWrongType "holdfast.yaml" is empty/],
    ['a comment only', '# nothing\n', /^1:1 ConfigWrongType "holdfast.yaml" is empty/],
    ['a list', '- a\n', /^1:1 ConfigWrongType .* must be a mapping/],
    ['broken YAML', 'version: 1\napps: [\n  a: {\n', /^3:\d+ ConfigYaml/],
    ['a tab as indentation', 'version: 1\napps:\n\t- a\n', /^3:\d+ ConfigYaml/],
    ['a second document', 'version: 1\napps: []\n---\nversion: 1\n', /^4:1 ConfigYaml A second YAML document/],
    ['a tag of another language', 'version: 1\napps: !!js/function "x"\n', /^2:7 ConfigYaml/],
    [
      'an alias inside what it names',
      'version: 1\napps: &a [*a]\n',
      /^2:11 ConfigYaml The alias \*a is part of what it names/,
    ],
    ['another version', 'version: 2\napps: []\n', /^1:10 ConfigVersion This Holdfast reads version 1/],
    ['no version', 'apps: []\n', /^1:1 ConfigMissingKey The key "version" is missing; write `version: 1`/],
    ['no apps', 'version: 1\n', /^1:1 ConfigMissingKey The key "apps" is missing/],
    ['apps without value', 'version: 1\napps:\n', /^2:\d+ ConfigWrongType Expected a list, found nothing/],
    [
      'an unknown root key',
      'version: 1\nverison: 1\napps: []\n',
      /^2:1 ConfigUnknownKey Unknown key "verison" \(did you mean "version"\?\)/,
    ],
    [
      'a key twice',
      'version: 1\napps: []\napps: []\n',
      /^3:1 ConfigDuplicateKey The key "apps" stands here a second time/,
    ],
    ['a reserved key', 'version: 1\n__proto__: {x: 1}\napps: []\n', /^2:1 ConfigReservedKey/],
    [
      'a target of two kinds',
      'version: 1\ntargets:\n  a: {sandbox: {}, kubeconfig: {}}\napps: []\n',
      /^3:3 ConfigEitherOr A target is one of/,
    ],
    [
      'a target of no kind',
      'version: 1\ntargets: {a: {}}\napps: []\n',
      /^2:11 ConfigEitherOr The target says not what it is/,
    ],
    [
      'a target with a bad name',
      'version: 1\ntargets: {A_b: {sandbox: {}}}\napps: []\n',
      /^2:11 ConfigName "A_b" is not a name/,
    ],
    [
      'a target name of 41 characters',
      `version: 1\ntargets: {${'t'.repeat(41)}: {sandbox: {}}}\napps: []\n`,
      /^2:11 ConfigName .* is 41 characters long; at most 40/,
    ],
    [
      'an account without quotes',
      'version: 1\ntargets: {a: {cloudformation: {region: eu-west-1, account: 012345678901}}}\napps: []\n',
      /^2:60 ConfigWrongType An account id must stand in quotes/,
    ],
    [
      'defaults of a wrong type',
      'version: 1\ndefaults: {sync: {auto: yes}}\napps: []\n',
      /^2:25 ConfigWrongType Expected true or false, found the text "yes"; write it as true or false/,
    ],
    [
      'a duration in defaults',
      'version: 1\ndefaults: {drift: {every: 1ns}}\napps: []\n',
      /^2:27 ConfigDuration "1ns" is not a duration: .* from 10s to 30d/,
    ],
    [
      'prune twice in defaults',
      'version: 1\ndefaults: {prune: true, sync: {prune: false}}\napps: []\n',
      /^2:32 ConfigEitherOr/,
    ],
  ])('%s', async (_, text, expected) => {
    const result = await read(text as string);
    expect(result.kind).toBe('refused');
    expect(lines(result)[0]).toMatch(expected);
  });

  it('an alias bomb, in bounded time', async () => {
    const levels = Array.from(
      { length: 9 },
      (_, index) => `x${index + 1}: &x${index + 1} [${Array(10).fill(`*x${index}`).join(', ')}]`,
    );
    const result = await read(`version: 1\nx0: &x0 a\n${levels.join('\n')}\napps: []\n`);
    expect(lines(result)[0]).toMatch(/^\d+:\d+ ConfigTooLarge The file has more than 500000 values/);
  });

  it('20,000 levels of nesting', async () => {
    const result = await read(`version: 1\napps: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`);
    expect(lines(result)[0]).toMatch(/ConfigTooLarge|ConfigYaml/);
  });

  it('more than 4 MiB', async () => {
    expect(lines(await read(`version: 1\napps: [] # ${'x'.repeat(4 * 1024 * 1024)}`))[0]).toMatch(/ConfigTooLarge/);
  });

  it('and tells what is wrong in entries at the same time', async () => {
    const result = await read('version: 2\napps:\n  - { name: web, path: nowhere, target: demo }\n');
    expect(result.kind).toBe('refused');
    expect(result.problems.map((problem) => problem.code)).toEqual([
      'ConfigVersion',
      'ConfigPathMissing',
      'ConfigUnknownTarget',
    ]);
  });
});
