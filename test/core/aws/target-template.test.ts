// The template of a target's account: read as a whole when it changes, and checked for the few things that must never be otherwise.
import { describe, expect, it } from 'vitest';
import { targetTemplate, type TargetTemplateInput } from '../../../lib/core/aws/target-template.ts';
import { rightLines } from '../../../tools/rights-table.ts';

const common = {
  installation: 'team-a',
  runnerRoles: ['arn:aws:iam::111122223333:role/runner'],
  bus: 'arn:aws:events:eu-west-1:111122223333:event-bus/team-a',
};
const inputs: Readonly<Record<string, TargetTemplateInput>> = {
  eks: { ...common, target: 'prod', eks: { cluster: 'prod', apiGroups: ['example.com'] } },
  cloudformation: {
    ...common,
    target: 'infra',
    cloudformation: { stackPrefix: 'team-a-', executionPolicies: ['arn:aws:iam::aws:policy/PowerUserAccess'] },
    permissionsBoundary: 'arn:aws:iam::444455556666:policy/boundary',
  },
  'same-account': {
    installation: 'holdfast',
    target: 'here',
    runnerRoles: common.runnerRoles,
    cloudformation: {
      stackPrefix: '',
      executionPolicies: [],
      readPolicies: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
    },
  },
};
type Template = Parameters<typeof rightLines>[0];
const templateOf = (input: TargetTemplateInput): Template => targetTemplate(input).template as unknown as Template;

describe('the template of a target', () => {
  it.each(Object.entries(inputs))('for %s', async (name, input) => {
    const { template, manifests } = targetTemplate(input);
    const text = `${JSON.stringify(template, undefined, 2)}\n${manifests ?? ''}`;
    await expect(text).toMatchFileSnapshot(`target-template.${name}.golden.txt`);
  });

  it.each(Object.entries(inputs))('trusts the runner only with its external id (%s)', (_name, input) => {
    const trust = templateOf(input).Resources['RunnerRole']?.Properties['AssumeRolePolicyDocument'];
    expect(trust).toMatchObject({
      Statement: [
        {
          Action: 'sts:AssumeRole',
          Principal: { AWS: input.runnerRoles },
          Condition: { StringEquals: { 'sts:ExternalId': `holdfast:${input.installation}` } },
        },
        { Action: 'sts:TagSession', Principal: { AWS: input.runnerRoles } },
      ],
    });
  });

  it.each(Object.entries(inputs))(
    'gives no * on actions, and on resources only where AWS knows none (%s)',
    (_name, input) => {
      const lines = rightLines(templateOf(input));
      expect(lines.flatMap(({ actions }) => actions).filter((action) => action.includes('*'))).toEqual([]);
      const bare = lines.filter(({ resources }) => resources.includes('*')).flatMap(({ actions }) => actions);
      expect(bare).toEqual(
        input.cloudformation === undefined
          ? []
          : ['cloudformation:BatchDescribeTypeConfigurations', 'cloudformation:DescribeStackDriftDetectionStatus'],
      );
    },
  );

  it('lets the runner give a role to CloudFormation only, and only the one it made', () => {
    const pass = rightLines(templateOf(inputs['cloudformation']!)).filter(({ actions }) =>
      actions.includes('iam:PassRole'),
    );
    expect(pass).toMatchObject([
      { resources: ['ExecutionRole'], condition: 'StringEquals iam:PassedToService cloudformation.amazonaws.com' },
    ]);
  });

  it('enters a cluster by a group of its own', () => {
    const { template, manifests } = targetTemplate(inputs['eks']!);
    expect(template).toMatchObject({
      Resources: { AccessEntry: { Properties: { KubernetesGroups: ['holdfast:team-a'] } } },
    });
    expect(manifests).toContain('name: holdfast:team-a');
    expect(manifests).not.toContain('system:');
  });

  it('has a role name that fits whatever names a config may have', () => {
    const longest = { ...common, installation: 'i'.repeat(20), target: 't'.repeat(40) };
    expect(targetTemplate(longest).roleName).toHaveLength(64);
  });
});
