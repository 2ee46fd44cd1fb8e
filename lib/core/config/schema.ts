// The schema of `holdfast.yaml`: the one place that says which keys there are, of which type, and what they mean.
// Rules between keys and between entries are in checks.ts, because they must also run when some other key is wrong.
import validRange from 'semver/ranges/valid.js';
import * as z from 'zod';
import { driftDefault, driftRange, kindShortNames, policyDefaults, protectedKinds } from './defaults.ts';
import {
  durationFault,
  durationPattern,
  type Fault,
  globFault,
  labelPattern,
  nameFault,
  nameLengths,
  pathFault,
  patternFault,
} from './formats.ts';
import { quoted } from './problems.ts';

/** Text with a check of its own; it runs whatever else is wrong in the file. */
function text(check: (value: string) => Fault | undefined, otherwise?: string): z.ZodString {
  return z.string(otherwise === undefined ? {} : { error: otherwise }).check((context) => {
    const fault = check(context.value);
    if (fault === undefined) return;
    const { code, message } = fault;
    context.issues.push({ code: 'custom', input: context.value, message, params: { code } });
  });
}

/** Text of a fixed form. `form` finishes the sentence "… is not". */
function shaped(pattern: RegExp, form: string): z.ZodString {
  return text((value) =>
    pattern.test(value) ? undefined : { code: 'ConfigValue', message: `${quoted(value)} is not ${form}` },
  ).meta({ pattern: pattern.source });
}

const label = (max: number): z.ZodString =>
  text((value) => nameFault(value, max)).meta({ pattern: labelPattern.source, maxLength: max });
const path = text((value) => pathFault(value));
const roleArn = shaped(
  /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]{1,512}$/,
  'the ARN of a role, such as arn:aws:iam::111122223333:role/name',
);
const region = shaped(/^[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}$/, 'a region, such as eu-west-1');
const given = (what: string): z.ZodString =>
  text((value) => (value.trim() === '' ? { code: 'ConfigValue', message: `${what} is empty` } : undefined));

/** Text that people also write as a number or as true/false; what counts is how it stands in the file. */
const asWritten = z.union([z.string(), z.number(), z.boolean()]);

const kubeconfig = z
  .strictObject({
    context: given('The context').optional().describe('Context of the kubeconfig; its current context when absent.'),
    file: given('The file')
      .optional()
      .describe('Path of the kubeconfig on this machine; `KUBECONFIG` or `~/.kube/config` when absent.'),
  })
  .describe('A cluster that a kubeconfig on this machine leads to.');

const eks = z
  .strictObject({
    cluster: shaped(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, 'the name of an EKS cluster').describe(
      'Name of the EKS cluster.',
    ),
    region: region.describe('Region of the cluster.'),
    roleArn: roleArn.optional().describe('Role to assume before speaking to the cluster.'),
  })
  .describe('An Amazon EKS cluster.');

const cloudformation = z
  .strictObject({
    region: region.describe('Region of the stacks.'),
    account: z
      .string({
        error:
          'An account id must stand in quotes, e.g. "012345678901": without them it is a number and loses its zeros',
      })
      .check((context) => {
        if (/^[0-9]{12}$/.test(context.value)) return;
        const message = `${quoted(context.value)} is not an account id: twelve digits`;
        context.issues.push({ code: 'custom', input: context.value, message, params: { code: 'ConfigValue' } });
      })
      .meta({ pattern: '^[0-9]{12}$' })
      .optional()
      .describe('Account id, twelve digits in quotes; checked against the credentials in use before the first write.'),
    roleArn: roleArn.optional().describe('Role to assume before calling CloudFormation.'),
    endpoint: shaped(/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/, 'an http or https address without credentials')
      .optional()
      .describe('Other endpoint of the CloudFormation API, for emulators.'),
  })
  .describe('AWS CloudFormation in one account and region.');

const sandbox = z.strictObject({}).describe('The embedded cluster and stacks of this machine: for trying and testing.');

const target = z
  .strictObject({
    kubeconfig: kubeconfig.optional(),
    eks: eks.optional(),
    cloudformation: cloudformation.optional(),
    sandbox: sandbox.optional(),
  })
  .describe('One place to deliver to: exactly one of its keys.');

const defaults = policyDefaults.kubernetes;

const prunePolicy = z.strictObject({
  enabled: z
    .boolean()
    .optional()
    .describe('Whether objects that are gone from Git are deleted from the target.')
    .meta({ default: defaults.prune.enabled }),
  confirm: z
    .boolean()
    .optional()
    .describe('Whether each deletion waits for the explicit word of a person.')
    .meta({ default: defaults.prune.confirm }),
  adopted: z
    .boolean()
    .optional()
    .describe('Whether objects that were adopted, not created, are deleted too; otherwise they are released.')
    .meta({ default: defaults.prune.adopted }),
  kinds: z
    .array(z.enum([...protectedKinds, ...Object.keys(kindShortNames)] as [string, ...string[]]))
    .optional()
    .describe('Kinds that may be deleted although they are protected.')
    .meta({ default: defaults.prune.kinds }),
  budget: z
    .strictObject({
      percent: z
        .int()
        .min(0)
        .max(100)
        .optional()
        .describe('Share of the inventory, in percent.')
        .meta({ default: defaults.prune.budget.percent }),
      atLeast: z
        .int()
        .min(0)
        .max(100_000)
        .optional()
        .describe('Number of objects that is always allowed.')
        .meta({ default: defaults.prune.budget.atLeast }),
    })
    .optional()
    .describe('Deletions in one run are refused when there are more than the greater of the two.'),
});

const prune = z
  .union([z.boolean(), prunePolicy])
  .optional()
  .describe(
    'Deleting what is gone from Git: `true`, `false`, or the details. Stands here or under `sync`, not in both. Off for stacks unless their entry says so.',
  );

/** Keys that mean the same in `defaults` and in an entry. */
const policyKeys = {
  sync: z
    .strictObject({
      auto: z
        .boolean()
        .optional()
        .describe('Whether a new revision is applied without being asked for.')
        .meta({ default: defaults.sync.auto }),
      prune,
      selfHeal: z
        .boolean()
        .optional()
        .describe('Whether changes made by hand in the target are undone.')
        .meta({ default: defaults.sync.selfHeal }),
    })
    .optional()
    .describe('When changes are applied.'),
  prune,
  drift: z
    .strictObject({
      every: text((value) => durationFault(value, driftRange), 'A duration has a unit: s, m, h or d, e.g. 15m')
        .meta({ pattern: durationPattern.source, default: driftDefault })
        .optional()
        .describe(
          `How often drift is looked for: whole number and s, m, h or d, from ${driftRange.least} to ${driftRange.most}.`,
        ),
    })
    .optional()
    .describe('Looking for changes made by hand.'),
  conflicts: z
    .enum(['fail', 'yield', 'force'])
    .optional()
    .describe(
      'A field of a Kubernetes object that another manager owns and Holdfast never did: stop, leave it to the other, or take it.',
    )
    .meta({ default: defaults.conflicts }),
};

const stackKeys = {
  name: shaped(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'a stack name: letters, digits and "-", at most 128').describe(
    'Name of the stack.',
  ),
  parameters: z
    .record(shaped(/^[A-Za-z0-9]{1,255}$/, 'a parameter name: letters and digits'), asWritten)
    .optional()
    .describe('Parameters of the template. Numbers and true/false are taken as the text that stands in the file.'),
  tags: z
    .record(
      text((key) => tagFault(key)),
      asWritten,
    )
    .optional()
    .describe('Tags of the stack, taken as written.'),
  capabilities: z
    .array(z.enum(['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND']))
    .optional()
    .describe('What the template may do beyond the ordinary. None by default.'),
  roleArn: roleArn.optional().describe('Service role that CloudFormation assumes for this stack.'),
};

function tagFault(key: string): Fault | undefined {
  const wrong = (why: string): Fault => ({ code: 'ConfigValue', message: `The tag ${quoted(key)} ${why}` });
  if (key === '' || key.length > 128) return wrong('must have 1 to 128 characters');
  if (/^aws:/i.test(key)) return wrong('begins with "aws:", which AWS keeps for itself');
  if (key.startsWith('holdfast.dev/'))
    return wrong('begins with "holdfast.dev/", which marks what belongs to Holdfast');
  return undefined;
}

const image = z.strictObject({
  repository: shaped(
    /^(?=.{1,300}$)[a-z0-9](?:[a-z0-9._-]|:[0-9]+\/)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/,
    'an image repository without tag or digest',
  ).describe('Image repository without tag, as it stands in the manifests.'),
  policy: z
    .strictObject({
      semver: text((value) =>
        value.trim() !== '' && value.length <= 200 && validRange(value) !== null
          ? undefined
          : {
              code: 'ConfigSemver',
              message: `${quoted(value)} is not a range of versions; write e.g. ^1.0 or >=1.2 <2`,
            },
      ).describe('Range of semantic versions; the highest tag in it wins.'),
    })
    .describe('Which tag is taken.'),
  update: text((value) => updateFault(value))
    .meta({ enum: ['commit'], default: 'commit' })
    .optional()
    .describe('How the new tag gets into Git: a commit on the branch.'),
});

function updateFault(value: string): Fault | undefined {
  if (value === 'commit') return undefined;
  if (value === 'pull-request') {
    return {
      code: 'ConfigNotYet',
      message: '"pull-request" is not in this version of Holdfast; write `update: commit`',
    };
  }
  return { code: 'ConfigValue', message: `${quoted(value)} is not allowed; write \`commit\`` };
}

const adoptable = label(nameLengths.installation);

/** One entry of `apps`. */
export const entrySchema = z
  .strictObject({
    name: z
      .string()
      .optional()
      .describe(
        'Name of the application, a DNS label of at most 53 characters. With `discover`: a template such as `{1}-{2}`, where `{1}` is what the first `*` matched.',
      ),
    discover: text((value) => patternFault(value))
      .optional()
      .describe(
        'Instead of `path`: one Kubernetes application for each directory that matches, e.g. `teams/*/apps/*`.',
      ),
    path: path
      .optional()
      .describe('Directory or file from the root of the repository; the template file when there is `stack`.'),
    target: label(nameLengths.target).optional().describe('Name of the target.'),
    targets: z
      .array(label(nameLengths.target))
      .min(1)
      .optional()
      .describe('Instead of `target`: one application `name@target` for each.'),
    namespace: label(63).optional().describe('Namespace for objects that name none.'),
    exclude: z
      .array(text((value) => globFault(value)))
      .optional()
      .describe('Glob patterns below `path` that plain YAML leaves out.'),
    recurse: z
      .boolean()
      .optional()
      .describe('Whether plain YAML is read in directories below `path` too.')
      .meta({ default: defaults.recurse }),
    helm: z
      .strictObject({
        valuesFiles: z.array(given('The path')).optional().describe('Values files, seen from `path`, later ones win.'),
        values: z.record(z.string(), z.unknown()).optional().describe('Values that win over all files.'),
      })
      .optional()
      .describe('What Helm is given.'),
    stack: z.strictObject(stackKeys).optional().describe('Makes this application a CloudFormation stack.'),
    dependsOn: z
      .array(z.string())
      .optional()
      .describe(
        'Applications that must be applied and healthy first: `name`, or `name@target` for one of several. `name` means the one on the same target where there is one, else all of that name.',
      ),
    ...policyKeys,
    adopt: z
      .strictObject({
        from: z
          .union([adoptable, z.array(adoptable)])
          .describe('`argocd`, `flux`, `helm`, or the name of another installation of Holdfast.'),
      })
      .optional()
      .describe('Whose marks may be taken over from objects that exist already.'),
    images: z.array(image).optional().describe('Image repositories that are followed for this application.'),
    movedFrom: label(nameLengths.app).optional().describe('Former name of this application, when it was renamed.'),
  })
  .describe('One application, or all that `discover` finds.');

/** The whole file. */
export const configSchema = z
  .strictObject({
    version: z.literal(1).describe('Version of this format.'),
    targets: z
      .record(label(nameLengths.target), target)
      .optional()
      .describe('Where applications go, by name (DNS labels of at most 40 characters).'),
    defaults: z.strictObject(policyKeys).optional().describe('What holds for every entry that does not say otherwise.'),
    apps: z.array(entrySchema).describe('The applications. `[]` says that there are none.'),
  })
  .describe('Configuration of Holdfast: `holdfast.yaml` at the root of the repository.');

/** The file without its entries; they are checked one by one, so that one wrong entry does not hide the others. */
export const rootSchema = configSchema.extend({ apps: z.array(z.unknown()) });

export type Entry = z.infer<typeof entrySchema>;
export type Root = z.infer<typeof rootSchema>;
export type PolicyKeys = Pick<Entry, keyof typeof policyKeys>;
export type TargetEntry = z.infer<typeof target>;

/** JSON Schema of the file, for editors: `# yaml-language-server: $schema=…`. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-2020-12' });
  return { $schema: schema.$schema, title: 'holdfast.yaml', ...schema };
}
