// What a user declares, after parsing: targets, applications, and the catalogue made from them at one commit.
import type { Failure } from '../errors.ts';
import type { JsonObject } from '../json.ts';

/** A place in a file. Line and column start at 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing wrong in a file of the user; printed as `file:line:column code message`. */
export interface Problem extends Position {
  /** Stable code, e.g. `ConfigUnknownKey`. */
  readonly code: string;
  readonly message: string;
  /** What to write instead, when a near miss is known. */
  readonly suggestion?: string;
}

export interface KubeconfigTarget {
  readonly kind: 'kubeconfig';
  readonly name: string;
  /** Context of the kubeconfig; its current context when absent. */
  readonly context?: string;
  /** Path of the kubeconfig file on this machine; KUBECONFIG or ~/.kube/config when absent. */
  readonly file?: string;
}

export interface EksTarget {
  readonly kind: 'eks';
  readonly name: string;
  readonly cluster: string;
  readonly region: string;
  readonly roleArn?: string;
}

export interface CloudFormationTarget {
  readonly kind: 'cloudformation';
  readonly name: string;
  readonly region: string;
  /** Twelve digits; checked against the credentials in use before the first write. */
  readonly account?: string;
  readonly roleArn?: string;
  /** Endpoint override, for emulators. */
  readonly endpoint?: string;
}

/** Embedded cluster and stacks of one machine: for trying and testing. Takes Kubernetes and CloudFormation applications. */
export interface SandboxTarget {
  readonly kind: 'sandbox';
  readonly name: string;
}

export type TargetSpec = KubeconfigTarget | EksTarget | CloudFormationTarget | SandboxTarget;

/** Contracts §9. Deletes are refused when their number is over max(`atLeast`, `percent` of the inventory). */
export interface PrunePolicy {
  readonly enabled: boolean;
  /** Deletes wait for an explicit word of a person (`holdfast sync APP --prune`, `holdfast apply --prune`). */
  readonly confirm: boolean;
  /** Also delete objects that were adopted, not created. */
  readonly adopted: boolean;
  /** Kinds that may be pruned beyond the default: of Namespace, CustomResourceDefinition, PersistentVolume, PersistentVolumeClaim. */
  readonly kinds: readonly string[];
  readonly budget: { readonly percent: number; readonly atLeast: number };
}

export interface StackSpec {
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  /** Service role that CloudFormation assumes for this stack. */
  readonly roleArn?: string;
}

export interface ImageRule {
  /** Repository without tag, as it stands in the manifests, e.g. `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop`. */
  readonly repository: string;
  readonly policy: { readonly semver: string };
}

/** One application on one target, with every default filled in. */
export interface Application {
  /** `<alias>/<name>`, or `<alias>/<name>@<target>` when one entry names several targets. */
  readonly id: string;
  /** What people type and read: the id without its alias. */
  readonly name: string;
  readonly alias: string;
  /** Path in the repository, normalised: no leading or trailing slash, no `.` or `..`; '' is the root. */
  readonly path: string;
  readonly target: string;
  readonly namespace?: string;
  /** Glob patterns below `path` that plain YAML leaves out. */
  readonly exclude: readonly string[];
  readonly recurse: boolean;
  /** Values files are paths from the repository's root after normalising (written relative to the application's path). */
  readonly helm: { readonly valuesFiles: readonly string[]; readonly values: JsonObject };
  /** Present: the application is a CloudFormation stack and `path` its template. */
  readonly stack?: StackSpec;
  /** Ids of applications that must be settled and healthy first. */
  readonly dependsOn: readonly string[];
  readonly sync: { readonly auto: boolean; readonly selfHeal: boolean };
  readonly prune: PrunePolicy;
  readonly drift: { readonly everyMs: number };
  readonly conflicts: 'fail' | 'yield' | 'force';
  /** Other tools whose marks may be taken over: `argocd`, `flux`, `helm`, or another installation's name. */
  readonly adoptFrom: readonly string[];
  readonly images: readonly ImageRule[];
  /** Former name of this application, when it was renamed. */
  readonly movedFrom?: string;
  readonly position: Position;
}

/** An entry that cannot be used now. Held is not removed: nothing of it is pruned. */
export interface HeldEntry {
  /**
   * Name of the application if one could be read; it stands for `name` and for every `name@target`. Without a name nobody can
   * tell which application is meant, so none may be counted as removed.
   */
  readonly name?: string;
  readonly problems: readonly Problem[];
}

/** Everything that one repository declares at one commit. Immutable. */
export interface Catalogue {
  readonly v: 1;
  readonly alias: string;
  readonly revision: string;
  readonly targets: Readonly<Record<string, TargetSpec>>;
  readonly apps: readonly Application[];
  readonly held: readonly HeldEntry[];
}

/** Reading config: a catalogue (perhaps with held entries), or the whole commit refused. All problems are in `problems` either way. */
export type CatalogueResult =
  | { readonly kind: 'catalogue'; readonly catalogue: Catalogue; readonly problems: readonly Problem[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** Problems as one failure, for rows and messages. */
export function problemsFailure(problems: readonly Problem[], next: string): Failure {
  const first = problems[0];
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return {
    code: first?.code ?? 'ConfigInvalid',
    source: 'user',
    message: first === undefined ? 'The configuration is not valid' : `${problemText(first)}${more}`,
    retryable: false,
    next,
  };
}

/** `file:line:column code message (did you mean "x"?)` */
export function problemText(problem: Problem): string {
  const hint = problem.suggestion === undefined ? '' : ` (did you mean "${problem.suggestion}"?)`;
  return `${problem.file}:${problem.line}:${problem.column} ${problem.code} ${problem.message}${hint}`;
}
