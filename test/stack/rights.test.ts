// What each function may do, as a table that people read when it changes: exactly these actions on exactly these resources.
import { describe, expect, it } from 'vitest';
import { rightsTable } from '../../tools/rights-table.ts';
import { everything, templateFor } from '../support/stack/synth.ts';

describe('rights', () => {
  const variants = [
    ['default', templateFor()],
    ['everything', templateFor(everything)],
  ] as const;

  it.each(variants)('are these with %s', async (name, template) => {
    await expect(`${rightsTable(template).join('\n')}\n`).toMatchFileSnapshot(`rights.${name}.golden.txt`);
  });

  it.each(variants)(
    'have no * on actions, and a bare * on resources only to describe networks (%s)',
    (_name, template) => {
      const lines = rightsTable(template);
      expect(lines.filter((line) => / \S*:\S*\*/.test(line.split(' on ')[0] ?? ''))).toEqual([]);
      expect(lines.filter((line) => line.includes(' on *') && !line.includes('deny'))).toEqual(
        name(template)
          ? ['reconcile LookAtNetworkInterfaces: ec2:DescribeNetworkInterfaces, ec2:DescribeSubnets on *']
          : [],
      );
    },
  );

  it('come from roles of their own: no managed policy', () => {
    expect(JSON.stringify(variants)).not.toContain('ManagedPolicyArns');
  });

  it('hold no secret: environments name secrets by their ARN', () => {
    for (const [, template] of variants) {
      for (const { Type, Properties } of Object.values(template.Resources)) {
        if (Type !== 'AWS::Lambda::Function') continue;
        expect(JSON.stringify(Properties['Environment'])).not.toMatch(/resolve:|SecretString|password|PRIVATE KEY/i);
      }
    }
  });
});

/** Whether the template has a network. */
function name(template: ReturnType<typeof templateFor>): boolean {
  return Object.values(template.Resources).some(({ Type }) => Type === 'AWS::EC2::SecurityGroup');
}

it('let no service act on behalf of another account', () => {
  const open = Object.entries(templateFor(everything).Resources).flatMap(([id, { Type, Properties }]) => {
    if (!Type.endsWith('Policy')) return [];
    const { Statement = [] } = (Properties['PolicyDocument'] ?? {}) as { readonly Statement?: readonly object[] };
    return Statement.flatMap((one) => {
      const { Effect, Principal, Condition } = one as Readonly<Record<string, unknown>>;
      const service = (Principal as { readonly Service?: string } | undefined)?.Service;
      return Effect === 'Allow' && service !== undefined && Condition === undefined ? [`${id}: ${service}`] : [];
    });
  });
  expect(open).toEqual([]);
});
