// cdk.json context: everything that is wrong is said at once, in words; what is right arrives as settings.
import { describe, expect, it } from 'vitest';
import { contextProblemText, parseContext } from '../../lib/stack/context.ts';
import { everything } from '../support/stack/synth.ts';

const linesOf = (context: Readonly<Record<string, unknown>>): readonly string[] =>
  parseContext(context).problems.map(contextProblemText);

describe('context', () => {
  it('may be empty', () => {
    expect(parseContext({})).toEqual({ context: { stackName: 'Holdfast', settings: {} }, problems: [] });
  });

  it('may hold keys of the CDK itself', () => {
    const context = {
      '@aws-cdk/core:checkSecretUsage': true,
      'aws:cdk:bundling-stacks': ['**'],
      'cli-telemetry': false,
    };
    expect(linesOf(context)).toEqual([]);
  });

  it('sets everything', () => {
    expect(parseContext({ ...everything }).context?.settings).toEqual(everything);
  });

  it('sets everything by -c key=value, too', () => {
    const texts = Object.entries(everything).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    expect(parseContext(Object.fromEntries(texts)).context?.settings).toEqual(everything);
  });

  it('takes lists without brackets, and does not make numbers of account ids', () => {
    expect(parseContext({ eventAccounts: '012345678901, 444455556666' }).context?.settings).toEqual({
      eventAccounts: ['012345678901', '444455556666'],
    });
    expect(parseContext({ prefix: '123' }).context?.settings).toEqual({ prefix: '123' });
  });

  it('gives another installation another stack', () => {
    expect(parseContext({ prefix: 'b' }).context?.stackName).toBe('Holdfast-b');
    expect(parseContext({ prefix: 'b', stackName: 'Mine' }).context?.stackName).toBe('Mine');
  });

  it('tells all problems at once', () => {
    expect(
      linesOf({
        prefx: 'a',
        prefix: 'Team_A',
        root: { url: 'https://me:hunter2@example.com/x.git', brunch: 'main' },
        targetRoles: 'arn:aws:iam::1:role/x',
        clusters: [{ name: 'ok' }, { nam: 'x' }],
        vpc: { id: 'vpc-0a', subnets: [] },
        driftEvery: '1 hour',
        logLevel: 'TRACE',
        logRetentionDays: '31',
        eventAccounts: [123],
        webhookReservedConcurrency: 0,
        concurrency: '{',
        alarmEmail: 'nobody',
        something: 1,
      }),
    ).toMatchInlineSnapshot(`
      [
        "context alarmEmail: "nobody" is not an e-mail address",
        "context clusters[1].nam: is not a setting; did you mean "name"?",
        "context clusters[1].name: is missing",
        "context concurrency: is not JSON; on the command line write it as -c 'concurrency={"…": "…"}'",
        "context driftEvery: "1 hour" is not a duration: write a whole number and s, m, h or d, from 10s to 30d, e.g. 15m",
        "context eventAccounts[0]: must be text",
        "context logLevel: must be one of DEBUG, INFO, WARN, ERROR",
        "context logRetentionDays: 31 is not a number of days that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653",
        "context prefix: "Team_A" is not a name: write lower-case letters, digits and "-", and begin and end with a letter or digit",
        "context prefx: is not a setting; did you mean "prefix"?",
        "context root.branch: is missing",
        "context root.brunch: is not a setting; did you mean "branch"?",
        "context root.url: has credentials in it: put them into the secret of the Git credentials",
        "context something: is not a setting; known are stackName, prefix, root, targetRoles, clusters, vpc, driftEvery, logLevel, logRetentionDays, permissionsBoundary, eventAccounts, encryptionKeyArn, webhookReservedConcurrency, alarmEmail, codecommitRepositories, connections, imageRepositories, concurrency",
        "context targetRoles[0]: "arn:aws:iam::1:role/x" is not the ARN of a role, such as arn:aws:iam::111122223333:role/name",
        "context vpc.subnets: must be at least 1 long",
        "context webhookReservedConcurrency: must be at least 1",
      ]
    `);
  });

  it('never repeats credentials', () => {
    expect(linesOf({ root: { url: 'https://me:hunter2@example.com/x.git', branch: 'main' } }).join()).not.toContain(
      'hunter2',
    );
  });
});
