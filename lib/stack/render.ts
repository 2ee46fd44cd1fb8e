// Rendering: runs kubectl and helm on what a repository says, and has no rights but to write its log.
import { KubectlV36Layer } from '@aws-cdk/lambda-layer-kubectl-v36';
import { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type RunnerFunction, runnerFunction } from './function.ts';
import type { Parts } from './parts.ts';

export class Render extends Construct {
  readonly runner: RunnerFunction;

  constructor(scope: Construct, id: string, parts: Pick<Parts, 'defaults'>) {
    super(scope, id);
    this.runner = runnerFunction(this, parts.defaults, {
      name: 'render',
      description: 'renders manifests, without rights',
      memory: 1769,
      timeout: Duration.seconds(60),
      // The binaries of the layer exist for this processor only.
      architecture: lambda.Architecture.X86_64,
      layers: [new KubectlV36Layer(this, 'Kubectl')],
      anonymous: true,
      environment: { HOLDFAST_KUBECTL: '/opt/kubectl/kubectl', HOLDFAST_HELM: '/opt/helm/helm' },
    });
  }
}
