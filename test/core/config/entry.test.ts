import { describe, expect, it } from 'vitest';
import { lines, read, withEntry } from './support.ts';

describe('what holds one entry', () => {
  const entry = 'name: web\npath: apps/web\ntarget: demo\n';
  it.each([
    [
      'an unknown key',
      `${entry}namspace: x`,
      '8:5 ConfigUnknownKey Unknown key "namspace" in apps[0] (did you mean "namespace"?)',
    ],
    [
      'a key one level too high',
      `${entry}selfHeal: true`,
      '8:5 ConfigUnknownKey Unknown key "selfHeal" in apps[0] (did you mean "sync.selfHeal"?)',
    ],
    [
      'an unknown key further in',
      `${entry}prune: {budgt: {percent: 5}}`,
      '8:13 ConfigUnknownKey Unknown key "budgt" in apps[0].prune (did you mean "budget"?)',
    ],
    ['a wrong type', `${entry}recurse: "true"`, '8:14 ConfigWrongType Expected true or false, found text'],
    [
      'prune of a wrong type',
      `${entry}prune: "yes"`,
      '8:12 ConfigWrongType Expected true or false or a mapping, found the text "yes"',
    ],
    [
      'nothing where text belongs',
      'name: web\npath:\ntarget: demo',
      '6:10 ConfigWrongType Expected text, found nothing',
    ],
    ['no name', 'path: apps/web\ntarget: demo', '5:5 ConfigMissingKey The entry has neither "name" nor "discover"'],
    ['no path', 'name: web\ntarget: demo', '5:5 ConfigMissingKey The entry has no "path"'],
    ['no target', 'name: web\npath: apps/web', '5:5 ConfigMissingKey The entry has neither "target" nor "targets"'],
    ['target and targets', `${entry}targets: [demo]`, '8:5 ConfigEitherOr Write "target" or "targets", not both'],
    [
      'no item in targets',
      'name: web\npath: apps/web\ntargets: []',
      '7:14 ConfigValue The list must have at least 1 item',
    ],
    [
      'discover and path',
      'discover: apps/*\npath: apps/web\ntarget: demo',
      '6:5 ConfigEitherOr Write "discover" or "path", not both',
    ],
    [
      'an unknown target',
      'name: web\npath: apps/web\ntarget: dmo',
      '7:13 ConfigUnknownTarget There is no target "dmo" (did you mean "demo"?)',
    ],
    [
      'an unknown dependency',
      `${entry}dependsOn: [wbe]`,
      '8:17 ConfigUnknownApp There is no application "wbe" (did you mean "web"?)',
    ],
    [
      'a merge key',
      `${entry}helm: {values: {<<: {a: 1}}}`,
      '8:21 ConfigYaml Merge keys (<<) are not part of YAML 1.2; use `defaults`, or an alias for the whole value',
    ],
    [
      'an absolute path',
      'name: web\npath: /etc\ntarget: demo',
      '6:11 ConfigPathEscape The path "/etc" is absolute; write it from the root of the repository, without "/"',
    ],
    [
      'a path upwards',
      'name: web\npath: apps/../../x\ntarget: demo',
      '6:11 ConfigPathEscape The path "apps/../../x" leads out of the repository',
    ],
    [
      'a path with a backslash',
      'name: web\npath: apps\\web\ntarget: demo',
      '6:11 ConfigPath The path "apps\\web" has a backslash; write "/" between its parts',
    ],
    [
      'an empty path',
      'name: web\npath: ""\ntarget: demo',
      '6:11 ConfigPath The path "" is empty; the root of the repository is "."',
    ],
    [
      'a path that is not there',
      'name: web\npath: apps/wbe/x\ntarget: demo',
      '6:11 ConfigPathMissing Nothing is at "apps/wbe/x" in this commit; the nearest directory that exists is "apps" (did you mean "apps/web"?)',
    ],
    [
      'a values file upwards',
      `${entry}helm: {valuesFiles: [../../../x.yaml]}`,
      '8:26 ConfigPathEscape The path "../../../x.yaml" leads out of the repository',
    ],
    [
      'a duration of 0',
      `${entry}drift: {every: 0s}`,
      '8:20 ConfigDuration "0s" is not a duration: write a whole number and s, m, h or d, from 10s to 30d, e.g. 15m',
    ],
    [
      'a negative duration',
      `${entry}drift: {every: -1s}`,
      '8:20 ConfigDuration "-1s" is not a duration: write a whole number and s, m, h or d, from 10s to 30d, e.g. 15m',
    ],
    [
      'a duration too short',
      `${entry}drift: {every: 9s}`,
      '8:20 ConfigDuration "9s" is out of range: write a whole number and s, m, h or d, from 10s to 30d, e.g. 15m',
    ],
    [
      'a duration of ten years',
      `${entry}drift: {every: 10y}`,
      '8:20 ConfigDuration "10y" is not a duration: write a whole number and s, m, h or d, from 10s to 30d, e.g. 15m',
    ],
    [
      'a duration without unit',
      `${entry}drift: {every: 900}`,
      '8:20 ConfigWrongType A duration has a unit: s, m, h or d, e.g. 15m',
    ],
    [
      'a slash in the name',
      'name: a/b\npath: apps/web\ntarget: demo',
      '5:11 ConfigName "a/b" is not a name: write lower-case letters, digits and "-", and begin and end with a letter or digit',
    ],
    [
      'a percent sign in the name',
      'name: "a%2fb"\npath: apps/web\ntarget: demo',
      '5:11 ConfigName "a%2fb" is not a name: write lower-case letters, digits and "-", and begin and end with a letter or digit',
    ],
    [
      'a picture in the name',
      'name: "🚀"\npath: apps/web\ntarget: demo',
      '5:11 ConfigName "🚀" is not a name: write lower-case letters, digits and "-", and begin and end with a letter or digit',
    ],
    [
      '__proto__ as name',
      'name: __proto__\npath: apps/web\ntarget: demo',
      '5:11 ConfigName "__proto__" is a reserved word',
    ],
    [
      'constructor as name',
      'name: constructor\npath: apps/web\ntarget: demo',
      '5:11 ConfigName "constructor" is a reserved word',
    ],
    [
      'a number as name',
      'name: 12\npath: apps/web\ntarget: demo',
      '5:11 ConfigWrongType Expected text, found a number; put it in quotes',
    ],
    [
      'an image policy that is none',
      `${entry}images: [{repository: a/b, policy: {semver: latest}}]`,
      '8:49 ConfigSemver "latest" is not a range of versions; write e.g. ^1.0 or >=1.2 <2',
    ],
    [
      'an image repository with tag',
      `${entry}images: [{repository: "a/b:1.0", policy: {semver: ^1.0}}]`,
      '8:27 ConfigValue "a/b:1.0" is not an image repository without tag or digest',
    ],
    [
      'a conflict policy that is none',
      `${entry}conflicts: fial`,
      '8:16 ConfigValue "fial" is not one of fail, yield, force (did you mean "fail"?)',
    ],
    [
      'a kind that is not protected',
      `${entry}prune: {kinds: [Namespaces]}`,
      '8:21 ConfigValue "Namespaces" is not one of Namespace, CustomResourceDefinition, PersistentVolume, PersistentVolumeClaim, CRD, PV, PVC (did you mean "Namespace"?)',
    ],
    [
      'prune in two places',
      `${entry}prune: true\nsync: {prune: true}`,
      '9:12 ConfigEitherOr Write "prune" here or next to "sync", not in both places',
    ],
    [
      'a budget out of range',
      `${entry}prune: {budget: {percent: 101}}`,
      '8:31 ConfigValue The value must be at most 100',
    ],
    ['a key twice', `${entry}target: demo`, '8:5 ConfigDuplicateKey The key "target" stands here a second time'],
    [
      'a reserved key',
      `${entry}helm: {values: {a: {__proto__: {x: 1}}}}`,
      '8:25 ConfigReservedKey The key "__proto__" is reserved',
    ],
    [
      'a number that would be rounded',
      `${entry}helm: {values: {id: 12345678901234567890}}`,
      '8:25 ConfigNumber This number would be changed by reading it; put it in quotes',
    ],
    [
      'a target twice',
      'name: web\npath: apps/web\ntargets: [demo, demo]',
      '7:21 ConfigValue "demo" stands in this list twice',
    ],
    ['waiting for itself', `${entry}dependsOn: [web]`, '8:16 ConfigCycle "web" waits for itself'],
    [
      'a stack with a namespace',
      'name: web\npath: apps/web/web.yaml\ntarget: demo\nnamespace: x\nstack: {name: web}',
      '8:5 ConfigNotForStack "namespace" means nothing for a stack',
    ],
    [
      'a stack in a directory',
      'name: web\npath: apps/web\ntarget: demo\nstack: {name: web}',
      '6:11 ConfigPathKind "apps/web" is a directory; the path of a stack is its template file',
    ],
    [
      'a stack without name',
      'name: web\npath: apps/web/web.yaml\ntarget: demo\nstack: {}',
      '8:12 ConfigMissingKey The key "name" is missing in apps[0].stack',
    ],
    [
      'a stack name that is none',
      'name: web\npath: apps/web/web.yaml\ntarget: demo\nstack: {name: 1web}',
      '8:19 ConfigValue "1web" is not a stack name: letters, digits and "-", at most 128',
    ],
    [
      'a tag that marks ours',
      'name: web\npath: apps/web/web.yaml\ntarget: demo\nstack: {name: web, tags: {holdfast.dev/app: x}}',
      '8:31 ConfigValue The tag "holdfast.dev/app" begins with "holdfast.dev/", which marks what belongs to Holdfast',
    ],
  ])('%s', async (_, text, expected) => {
    const result = await read(withEntry(text));
    expect(lines(result)).toEqual([expected]);
    expect(result.kind === 'catalogue' && result.catalogue.apps).toEqual([]);
    expect(result.kind === 'catalogue' && result.catalogue.held).toMatchObject([
      { problems: [{ code: expected.split(' ')[1] }] },
    ]);
  });

  it.each([
    ['a password as parameter', 'parameters: {DbPassword: hunter2hunter2}', true],
    ['an access token anywhere', 'parameters: {Note: ghp_abcdefghijklmnopqrstuvwxyz0123456789}', true],
    ['a reference to a secret', 'parameters: {DbPassword: "{{resolve:secretsmanager:db}}"}', false],
    ['the ARN of a secret', 'parameters: {DbSecret: arn:aws:secretsmanager:eu-west-1:111122223333:secret:db}', false],
    ['a name that only speaks of one', 'parameters: {PasswordLength: 24}', false],
  ])('inline secrets: %s', async (_, parameters, refused) => {
    const result = await read(
      withEntry(`name: web\npath: apps/web/web.yaml\ntarget: demo\nstack: {name: web, ${parameters}}`),
    );
    expect(result.problems.map((problem) => problem.code)).toEqual(refused ? ['ConfigInlineSecret'] : []);
    expect(lines(result).join()).not.toMatch(/hunter2|ghp_/);
  });

  it('and reports several at once, in the order of the file', async () => {
    const result = await read(
      withEntry('name: web\npath: apps/wbe\ntarget: dmo\nnamspace: x\nrecurse: 1\ndrift: {every: 1ns}'),
    );
    expect(result.problems.map((problem) => problem.code)).toEqual([
      'ConfigPathMissing',
      'ConfigUnknownTarget',
      'ConfigUnknownKey',
      'ConfigWrongType',
      'ConfigDuration',
    ]);
  });

  it('characters that a terminal would obey are written out', async () => {
    const result = await read(withEntry('name: "a\\u001b[31m\\u202eb"\npath: apps/web\ntarget: demo'));
    expect(lines(result)[0]).toContain('a\\u{1b}[31m\\u{202e}b');
  });

  it('an entry whose name is none is held without a name, so that nothing counts as removed', async () => {
    const result = await read(withEntry('name: Web\npath: apps/web\ntarget: demo'));
    expect(result.kind === 'catalogue' && result.catalogue.held.map((entry) => entry.name)).toEqual([undefined]);
  });
});
