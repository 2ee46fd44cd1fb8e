// Whose events are believed: always those of the installation's own account, and of no other that was not named. The rules say it,
// and the functions behind them once more, because anybody with a right to our bus may put events there.
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../lib/stack/settings.ts';
import { ofType, templateFor } from '../support/stack/synth.ts';

const own = { Ref: 'AWS::AccountId' };

/** HOLDFAST_EVENT_ACCOUNTS of every function that has it. */
function believed(settings: Settings): readonly unknown[] {
  const environments = ofType(templateFor(settings), 'AWS::Lambda::Function').map(
    ([, { Properties }]) => Properties['Environment'] as { readonly Variables?: object } | undefined,
  );
  return environments.flatMap((one) => {
    const accounts = (one?.Variables as Readonly<Record<string, unknown>> | undefined)?.['HOLDFAST_EVENT_ACCOUNTS'];
    return accounts === undefined ? [] : [accounts];
  });
}

describe('accounts whose events are believed', () => {
  it('are the own one, for the three functions behind rules and the one that does their failed events again', () => {
    expect(believed({})).toEqual([own, own, own, own]);
  });

  it('are those that were named, too', () => {
    const both = { 'Fn::Join': ['', [own, ',444455556666']] };
    expect(believed({ eventAccounts: ['444455556666'] })).toEqual([both, both, both, both]);
  });
});
