// The functions as they are deployed: how large they may be, and what must not be in them. A function's cold start is mostly
// reading its code, and what creeps in is only noticed when somebody weighs it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunctions } from '../../lib/stack/bundle.ts';
import { type FunctionName, functionNames } from '../../lib/stack/names.ts';
import { type BundleParts, bundleParts, partsBefore, partsText, tooLarge } from '../support/stack/bundle-parts.ts';

/** Bytes. What a stranger waits for (the receiver, the runner) counts most; nobody waits for a render before it is asked for. */
const budgets: Readonly<Record<FunctionName, number>> = {
  webhook: 320_000,
  codecommit: 450_000,
  image: 450_000,
  tick: 450_000,
  'stack-event': 450_000,
  api: 500_000,
  render: 300_000,
  source: 1_100_000,
  reconcile: 950_000,
};

const git = ['isomorphic-git', 'lib/adapters/git', 'lib/adapters/githost'];
const applying = ['lib/adapters/kube', 'lib/adapters/cloudformation', '@aws-sdk/client-eks', '@aws-sdk/client-lambda'];
const oneMachine = ['commander', '@hono/node-server', 'lib/adapters/sandbox', 'lib/cli', 'aws-cdk-lib', 'esbuild'];
const credentialChain = [
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/nested-clients',
];
const nowhere = [...oneMachine, ...credentialChain];

/** What has no business in a function, beside what has none in any. */
const forbidden: Readonly<Record<FunctionName, readonly string[]>> = {
  webhook: [...git, ...applying, 'yaml', 'zod', '@aws-sdk/client-s3', '@aws-sdk/client-dynamodb'],
  codecommit: [...git, ...applying, 'yaml', 'zod'],
  image: [...git, ...applying, 'yaml', 'zod'],
  tick: [...git, ...applying, 'yaml', 'zod'],
  'stack-event': [...git, ...applying, 'yaml', 'zod'],
  api: [...git, ...applying, 'yaml', 'zod'],
  render: [...git, ...applying, 'zod', '@aws-sdk/client-s3', '@smithy/core'],
  source: applying,
  reconcile: [...git, 'zod', '@aws-sdk/client-ecr'],
};

const golden = join(import.meta.dirname, 'bundle-parts.golden.txt');

describe('bundles', () => {
  let parts: Readonly<Record<FunctionName, BundleParts>>;
  let before: string;
  const out = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  beforeAll(() => {
    before = existsSync(golden) ? readFileSync(golden, 'utf8') : '';
    const { metafile } = bundleFunctions({ out });
    parts = Object.fromEntries(
      functionNames.map((name) => [name, bundleParts(metafile, name, isBuiltin)]),
    ) as typeof parts;
  }, 120_000);

  it.each(functionNames)('%s is within its budget', (name) => {
    const { bytes, packages } = parts[name];
    expect(bytes).toBeGreaterThan(100_000);
    expect(packages.size).toBeGreaterThan(5);
    expect(tooLarge(parts[name], { budget: budgets[name], before: partsBefore(before, name) })).toBeUndefined();
  });

  it.each(functionNames)('%s holds everything: nothing is left to be found on the machine', (name) => {
    expect(parts[name].outside).toEqual([]);
  });

  it.each(functionNames)('%s holds nothing that it has no use for', (name) => {
    const wrong = [...nowhere, ...forbidden[name]].filter((part) => parts[name].packages.has(part));
    expect(wrong).toEqual([]);
  });

  it('hold what they held', async () => {
    await expect(partsText(parts)).toMatchFileSnapshot(golden);
  });
});

describe('the complaint', () => {
  const metafile = {
    inputs: {},
    outputs: {
      'out/api/index.mjs': {
        bytes: 3_000,
        imports: [
          { path: 'out/api/chunk.mjs', kind: 'import-statement' as const },
          { path: 'node:fs', kind: 'import-statement' as const, external: true },
          { path: '@aws-sdk/client-s3', kind: 'import-statement' as const, external: true },
        ],
        exports: [],
        inputs: {
          'lib/core/json.ts': { bytesInOutput: 100 },
          'lib/adapters/kube/client.ts': { bytesInOutput: 900 },
          'node_modules/zod/v4/core/schemas.js': { bytesInOutput: 1_500 },
          'node_modules/unused/index.js': { bytesInOutput: 0 },
        },
      },
      'out/api/chunk.mjs': {
        bytes: 500,
        imports: [],
        exports: [],
        inputs: { 'node_modules/x/node_modules/@aws/y/z.js': { bytesInOutput: 400 } },
      },
      'out/webhook/index.mjs': { bytes: 10, imports: [], exports: [], inputs: {} },
    },
  };
  const api = bundleParts(metafile, 'api', isBuiltin);

  it('adds up all files of a function, by package', () => {
    expect(api.bytes).toBe(3_500);
    expect(api.outside).toEqual(['@aws-sdk/client-s3']);
    expect([...api.packages]).toEqual([
      ['zod', 1_500],
      ['lib/adapters/kube', 900],
      ['@aws/y', 400],
      ['lib/core', 100],
    ]);
  });

  it('names what crept in, and what is largest', () => {
    expect(tooLarge(api, { budget: 3_500, before: [] })).toBeUndefined();
    const before = partsBefore('webhook: hono\napi: @aws/y\n', 'api');
    expect(tooLarge(api, { budget: 3_000, before })).toBe(
      '3.5 kB of 3.0 kB; not there before: zod 1.5 kB; largest: zod 1.5 kB, lib/adapters/kube 0.9 kB, @aws/y 0.4 kB, lib/core 0.1 kB',
    );
    expect(tooLarge(api, { budget: 3_000, before: [...api.packages.keys()] })).toContain('not there before: nothing;');
  });
});
