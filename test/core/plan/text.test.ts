import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../lib/core/plan/model.ts';
import { planText } from '../../../lib/core/plan/text.ts';
import { objectChange, planOf, plain } from './support.ts';

const fixture = (name: string): string => `../../fixtures/plan/${name}.golden.txt`;
const lines = (count: number, letter: string): string =>
  Array.from({ length: count }, (_, index) => `${letter}${index}`).join('\n');

const plans: Readonly<Record<string, readonly Plan[]>> = {
  'every-action-lossy-first': [
    planOf({
      unchanged: 12,
      changes: [
        objectChange('create', 'ConfigMap/settings', {
          source: { file: 'apps/shop/settings.yaml', line: 1, column: 1 },
          fields: [{ path: 'data', after: { a: 'b' } }],
        }),
        objectChange('update', 'Deployment/web', {
          source: { file: 'apps/shop/web.yaml', line: 7 },
          fields: [
            { path: 'spec.replicas', before: 2, after: 3, owner: 'kubectl-edit' },
            { path: 'spec.template.spec.containers[name=web].image', before: 'shop:1.0', after: 'shop:1.1' },
            { path: 'spec.paused', before: true },
            { path: 'spec.minReadySeconds', after: 5 },
          ],
        }),
        objectChange('adopt', 'Service/web', {
          source: { file: 'chart/templates/web.yaml' },
          fields: [{ path: 'metadata.labels.team', after: 'red' }],
        }),
        objectChange('replace', 'Job/migrate', {
          note: 'spec.template cannot be changed',
          fields: [{ path: 'spec.template.spec.restartPolicy', before: 'Never', after: 'OnFailure' }],
        }),
        objectChange('delete', 'ConfigMap/old', { note: 'not in Git since 3f2a1b9' }),
      ],
      skipped: [
        {
          subject: { kind: 'object', id: { group: 'batch', kind: 'Job', namespace: 'prod', name: 'hook' } },
          reason: 'Argo CD hook PreSync: shown, not applied',
        },
      ],
      warnings: ['Deployment/prod/web: two of three replicas will stop at once'],
    }),
  ],
  'a-stack-with-a-replacement': [
    planOf({
      app: 'demo/network',
      target: 'infra',
      revision: 'worktree',
      changes: [
        {
          id: 'a',
          action: 'update',
          subject: { kind: 'resource', stack: 'network', logicalId: 'Topic', type: 'AWS::SNS::Topic' },
          risk: 'low',
          fields: [{ path: 'Tags[Key=team].Value', before: 'a', after: 'b' }],
        },
        {
          id: 'b',
          action: 'replace',
          subject: { kind: 'resource', stack: 'network', logicalId: 'Vpc', type: 'AWS::EC2::VPC' },
          risk: 'high',
          fields: [{ path: 'CidrBlock', before: '10.0.0.0/16', after: '10.1.0.0/16' }],
        },
      ],
    }),
  ],
  'values-over-several-lines': [
    planOf({
      changes: [
        objectChange('update', 'ConfigMap/conf', {
          fields: [
            {
              path: 'data.app.conf',
              before: 'a=1\nb=2\nc=3\nd=4\ne=5\nf=6\n',
              after: 'a=1\nb=2\nc=3\nd=x\ne=5\nf=6\n',
            },
            { path: 'data.new.conf', after: 'one\n  two\n' },
            {
              path: 'spec.containers[name=log]',
              after: {
                name: 'log',
                image: 'registry.example.org/team/log-shipper:2.19.4',
                args: ['--out', '/var/log/a-rather-long-directory-name/out.log'],
                env: [{ name: 'A', value: '1' }],
                empty: {},
              },
            },
            {
              path: 'spec.rules',
              before: [],
              after: [
                { host: 'a.example.org', paths: ['/one', '/two', '/three'] },
                { host: 'b.example.org', note: 'first\nsecond' },
              ],
            },
            { path: 'data.long.conf', before: lines(40, 'a'), after: lines(40, 'b') },
          ],
        }),
        objectChange('replace', 'ConfigMap/whole', {
          fields: [{ path: 'data.long.conf', before: lines(32, 'a'), after: 'b\nc' }],
        }),
      ],
    }),
  ],
  'secrets-as-masks': [
    planOf({
      changes: [
        objectChange('update', 'Secret/db', {
          fields: [
            { path: 'data.password', before: '*** (before)', after: '*** (after)' },
            { path: 'data.user', after: '*** (after)' },
          ],
        }),
      ],
    }),
  ],
  'several-applications': [
    planOf({ app: 'demo/a', changes: [objectChange('create', 'ConfigMap/a')] }),
    ...Array.from({ length: 11 }, (_, index) => planOf({ app: `demo/quiet-${index}`, unchanged: 3 })),
    planOf({
      app: 'demo/z@prod',
      changes: [objectChange('delete', 'ConfigMap/z'), objectChange('replace', 'Job/z')],
      unchanged: 1,
    }),
  ],
  'one-without-changes': [planOf({ unchanged: 12 })],
  'nothing-at-all': [],
  'more-fields-than-anybody-reads': [
    planOf({
      changes: [
        objectChange('update', 'ConfigMap/many', {
          fields: Array.from({ length: 33 }, (_, index) => ({ path: `data.k${index}`, after: index })),
        }),
      ],
    }),
  ],
  'what-a-terminal-would-obey': [
    planOf({
      changes: [
        objectChange('update', 'ConfigMap/a\u001b[31m', {
          note: 'x\u0007',
          fields: [{ path: 'data.\u202ek', before: 'a\u001b]0;x\u0007', after: 'line\r\nother\u001b[2J' }],
        }),
      ],
      warnings: ['a\nb'],
    }),
  ],
};

describe('text of plans', () => {
  it.each(Object.entries(plans))('%s', async (name, given) => {
    await expect(planText(given, plain)).toMatchFileSnapshot(fixture(name));
  });

  it('paints losses red and additions green', () => {
    const text = planText(
      [
        planOf({
          changes: [
            objectChange('delete', 'ConfigMap/old'),
            objectChange('update', 'ConfigMap/x', { fields: [{ path: 'data.a', before: 1, after: 2 }] }),
          ],
        }),
      ],
      (colour, part) => `<${colour}>${part}</${colour}>`,
    );
    expect(text).toContain('<red>- delete </red> ConfigMap/prod/old');
    expect(text).toContain('~ data.a: <red>1</red> -> <green>2</green>');
  });
});
