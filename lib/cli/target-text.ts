// What `holdfast target add` prints: files to keep, and lines to paste.
import { stringify } from 'yaml';
import type { JsonObject } from '../core/json.ts';

/** `holdfast target add -o json`. */
export interface TargetDocument {
  readonly schemaVersion: 1;
  readonly target: string;
  readonly kind: 'eks' | 'cloudformation';
  readonly roleArn: string;
  /** The entry below `targets` of `holdfast.yaml`. */
  readonly config: JsonObject;
  /** What goes into the context of `cdk.json`. */
  readonly context: JsonObject;
  readonly template: JsonObject;
  /** YAML for the cluster's administrator; clusters only. */
  readonly manifests?: string;
  /** What applications of the target have to say below `stack`; CloudFormation only. `roleArn` is an output of the template's stack. */
  readonly stacks?: { readonly namePrefix: string; readonly roleArnOutput: string; readonly of: string };
  /** How the template is deployed. */
  readonly deploy: string;
}

/** The template as a file of its own, YAML. */
export function templateYaml(document: TargetDocument): string {
  return stringify(document.template, { lineWidth: 0 });
}

/** Everything, as a text to read from top to bottom. */
export function targetText(document: TargetDocument, template: string): string {
  const { target, config, context, manifests, deploy, stacks } = document;
  const step = (number: number, what: string, body: string): string => `# ${number}. ${what}\n${body.trimEnd()}\n`;
  const steps = [
    (number: number) =>
      step(number, `${template}: deploy it in the account of the target\n#    ${deploy}`, templateYaml(document)),
    ...(manifests === undefined
      ? []
      : [(number: number) => step(number, `As administrator of the cluster: kubectl apply -f -`, manifests)]),
    (number: number) =>
      step(
        number,
        'Context in cdk.json, added to what its lists hold, then npx cdk deploy',
        JSON.stringify({ context }, undefined, 2),
      ),
    (number: number) =>
      step(
        number,
        'In holdfast.yaml',
        stringify({ targets: { [target]: config } }, { lineWidth: 0 }) + stackLines(stacks),
      ),
  ];
  return steps.map((one, index) => one(index + 1)).join('\n');
}

function stackLines(stacks: TargetDocument['stacks']): string {
  if (stacks === undefined) return '';
  const { namePrefix, roleArnOutput, of } = stacks;
  return [
    '# Every application of this target needs',
    `#   stack: { name: ${namePrefix}…, roleArn: … }`,
    `# The names begin so; roleArn is the output ${roleArnOutput} of stack ${of}.`,
    '# Drift is compared where --read-policies lets the runner read the resources.',
  ].join('\n');
}
