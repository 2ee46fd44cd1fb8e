// What `holdfast init` finds in a repository: one entry for each thing that can be delivered, with why.
export interface FoundApp {
  readonly name: string;
  /** Directory or template file from the root of the repository; '' is the root. */
  readonly path: string;
  readonly kind: 'kustomize' | 'helm' | 'plain' | 'stack';
  /** Why it is one application, in a few words. */
  readonly why: string;
  /** Namespace for objects that name none; Kubernetes only. */
  readonly namespace?: string;
  /** Files below `path` that are no manifests; plain YAML only. */
  readonly exclude?: readonly string[];
  /** False when directories below are applications of their own; plain YAML only. */
  readonly recurse?: boolean;
  /** Stacks only. */
  readonly stack?: {
    readonly name: string;
    readonly parameters: Readonly<Record<string, string>>;
    readonly tags: Readonly<Record<string, string>>;
    readonly capabilities: readonly string[];
  };
}

/** One file that was read, as far as `init` needs to know it. */
export type Seen =
  | {
      readonly path: string;
      readonly kind: 'kustomization';
      readonly component: boolean;
      readonly uses: readonly string[];
      readonly namespace?: string;
    }
  | { readonly path: string; readonly kind: 'chart'; readonly library: boolean; readonly uses: readonly string[] }
  | {
      readonly path: string;
      readonly kind: 'template';
      readonly capabilities: readonly string[];
      readonly uses: readonly string[];
      readonly sam: boolean;
    }
  | {
      readonly path: string;
      readonly kind: 'deployment';
      readonly template: string;
      readonly parameters: Readonly<Record<string, string>>;
      readonly tags: Readonly<Record<string, string>>;
    }
  | {
      readonly path: string;
      readonly kind: 'manifest';
      readonly namespaces: readonly string[];
      readonly lacksNamespace: boolean;
    }
  | { readonly path: string; readonly kind: 'other' };
