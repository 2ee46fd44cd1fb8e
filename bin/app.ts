// The CDK app of `cdk deploy`: settings from cdk.json context or `-c key=value`, one stack. Needs no account and no network.
import { App } from 'aws-cdk-lib';
import { asFailure } from '../lib/core/errors.ts';
import { contextProblemText, parseContext } from '../lib/stack/context.ts';

/** Writes what is wrong, and answers that there is something wrong. */
function refuse(lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}

const app = new App({ analyticsReporting: false });
const { context, problems } = parseContext(app.node.getAllContext());
if (context === undefined) {
  refuse(problems.map(contextProblemText));
} else {
  try {
    // Only now: loading it takes longer than telling what is wrong with the settings.
    const { HoldfastStack } = await import('../lib/stack/stack.ts');
    new HoldfastStack(app, context.stackName, { holdfast: context.settings });
    app.synth();
  } catch (error) {
    const { message, reason, next } = asFailure(error);
    refuse([message, ...(reason === undefined ? [] : [reason]), ...(next === undefined ? [] : [`next: ${next}`])]);
  }
}
