// `--target` of `holdfast init`: one word for where everything goes.
import type { FoundApp } from '../core/init/model.ts';
import type { WrittenTarget } from '../core/init/text.ts';
import { usage } from './exit.ts';

export interface Targets {
  readonly kubernetes: WrittenTarget;
  readonly stacks: WrittenTarget;
}

export const targetForms = 'sandbox, kubeconfig[:CONTEXT], eks:CLUSTER[:REGION], or cloudformation[:REGION]';

/** Targets for clusters and for stacks. Throws a usage error when the word does not say enough. */
export function readTargets(word: string, region: string | undefined, apps: readonly FoundApp[]): Targets {
  const [kind = '', first, second, ...more] = word.split(':');
  const where =
    (kind === 'eks' ? second : first) ?? region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  const needsStacks = apps.some((app) => app.kind === 'stack');
  const needsCluster = apps.some((app) => app.kind !== 'stack');
  const stacks = (): WrittenTarget => {
    const at = kind === 'kubeconfig' ? (region ?? process.env['AWS_REGION']) : where;
    if (at !== undefined) return { name: 'aws', value: { cloudformation: { region: at } } };
    if (needsStacks) throw usage('There are templates, and no region for their stacks', 'Add --region REGION');
    return { name: 'aws', value: { cloudformation: { region: 'eu-west-1' } } };
  };
  if (more.length > 0 && kind !== 'kubeconfig') throw usage(`--target ${word} is not known`, `One of: ${targetForms}`);
  if (kind === 'sandbox') {
    const sandbox = { name: 'sandbox', value: { sandbox: {} } };
    return { kubernetes: sandbox, stacks: sandbox };
  }
  if (kind === 'kubeconfig') {
    const context = first === undefined || first === '' ? {} : { context: word.slice('kubeconfig:'.length) };
    return { kubernetes: { name: 'cluster', value: { kubeconfig: context } }, stacks: stacks() };
  }
  if (kind === 'eks' && first !== undefined && first !== '') {
    if (where === undefined) throw usage('The region of the cluster is missing', `--target eks:${first}:REGION`);
    const eks = { name: label(first), value: { eks: { cluster: first, region: where } } };
    return { kubernetes: eks, stacks: stacks() };
  }
  if (kind === 'cloudformation') {
    if (needsCluster)
      throw usage(
        'There are Kubernetes applications, and --target names no cluster',
        'Write --target eks:CLUSTER:REGION',
      );
    return { kubernetes: stacks(), stacks: stacks() };
  }
  throw usage(`--target ${word} is not known`, `One of: ${targetForms}`);
}

function label(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'cluster' : name;
}
