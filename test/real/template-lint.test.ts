// The synthesized template under cfn-lint, which knows the schemas of CloudFormation; the emulator takes much that AWS refuses.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Settings } from '../../lib/stack/settings.ts';
import { lintTemplate } from '../support/aws/cfn-lint/lint.ts';
import { everything, templateFor } from '../support/stack/synth.ts';

/** The CDK writes the order between a function and its role twice, on purpose; the second time says nothing new. */
const accepted = ['W3005'];

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'holdfast-lint-'));
});
afterAll(async () => await rm(dir, { recursive: true, force: true }));

async function findings(name: string, template: unknown, region = 'eu-west-1'): Promise<readonly string[]> {
  const file = path.join(dir, `${name}.json`);
  await writeFile(file, JSON.stringify(template));
  const found = (await lintTemplate(file, region)).filter(({ rule }) => !accepted.includes(rule));
  return found.map(({ rule, at, message }) => `${rule} ${at}: ${message}`);
}

const cases: readonly (readonly [string, Settings])[] = [
  ['default', {}],
  ['everything', everything],
];

test.each(cases)(
  'finds nothing in the template with %s settings',
  async (name, settings) => {
    expect(await findings(name, templateFor(settings))).toEqual([]);
  },
  120_000,
);

test('would find a property that does not exist', async () => {
  const template = templateFor();
  const table = Object.entries(template.Resources).find(([, { Type }]) => Type === 'AWS::DynamoDB::Table');
  const [id = '', resource] = table ?? [];
  const spoilt = { ...resource, Properties: { ...resource?.Properties, PointInTime: true } };
  const found = await findings('spoilt', { ...template, Resources: { ...template.Resources, [id]: spoilt } });
  expect(found).toEqual([expect.stringMatching(/^E3002 .*PointInTime/)]);
}, 120_000);
