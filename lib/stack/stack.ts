// The stack of `cdk deploy`: the construct, and outputs by which the command line finds its parts.
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Holdfast, type HoldfastProps } from './holdfast.ts';
import { defaultPrefix } from './names.ts';

export interface HoldfastStackProps extends StackProps {
  readonly holdfast?: HoldfastProps;
}

export class HoldfastStack extends Stack {
  readonly holdfast: Holdfast;

  constructor(scope: Construct, id: string, props: HoldfastStackProps = {}) {
    const { holdfast = {}, ...stackProps } = props;
    super(scope, id, {
      description: `Holdfast ${holdfast.prefix ?? defaultPrefix}: a GitOps runner`,
      ...stackProps,
    });
    this.holdfast = new Holdfast(this, 'Holdfast', holdfast);
    for (const [name, value] of Object.entries(this.holdfast.outputs)) new CfnOutput(this, name, { value });
  }
}
