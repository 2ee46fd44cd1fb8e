// The rule packs find nothing that was not accepted with a reason, whatever is switched on.
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../lib/stack/settings.ts';
import { everything, stackOf } from '../support/stack/synth.ts';

const variants: Readonly<Record<string, Settings>> = {
  default: {},
  everything,
  'a network of its own groups': {
    vpc: { id: 'vpc-0a', subnets: ['subnet-0a'], securityGroups: ['sg-0a'] },
  },
  'a customer key': { encryptionKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef' },
  'another prefix': { prefix: 'b' },
};

/** Findings as `rule at construct`. */
function findings(settings: Settings): readonly string[] {
  const { app, stack } = stackOf(settings);
  return [new AwsSolutionsChecks(app), new ServerlessChecks(app)].flatMap((pack) =>
    pack
      .validateScope(stack)
      .violations.flatMap(({ ruleName, violatingResources }) =>
        violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath ?? '?'}`),
      ),
  );
}

describe('the rule packs', () => {
  it.each(Object.entries(variants))('find nothing with %s', (_name, settings) => {
    expect(findings(settings)).toEqual([]);
  });
});
