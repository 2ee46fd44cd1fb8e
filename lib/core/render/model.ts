// Rendering: from an inputs bundle to desired state. The renderer sees the bundle and nothing else.
import type { Application, Problem, StackSpec } from '../config/model.ts';
import type { Json } from '../json.ts';
import type { KubeObject } from '../kubernetes/object.ts';

export type RendererKind = 'plain' | 'kustomize' | 'helm' | 'template';

/** Where a desired object comes from. Line and column are absent when the tool does not tell. */
export interface SourcePosition {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** One rendered object, as the tool gave it: no defaults, no labels of ours. */
export interface DesiredObject {
  readonly object: KubeObject;
  readonly source: SourcePosition;
  /** Argo CD's or Helm's hook annotation value; hooks are shown, not applied. */
  readonly hook?: string;
}

export interface KubernetesDesired {
  readonly kind: 'kubernetes';
  /** Without hooks, in the order rendering gave. */
  readonly objects: readonly DesiredObject[];
  readonly hooks: readonly DesiredObject[];
}

export interface StackDesired {
  readonly kind: 'stack';
  readonly stack: StackSpec;
  /** Path of the template, for messages. */
  readonly source: SourcePosition;
  /** The template as written, byte for byte: this is what CloudFormation gets. */
  readonly body: string;
  /** The same with short-form intrinsics written out; for `holdfast render -o json` and for comparison. */
  readonly template: Json;
}

export type Desired = KubernetesDesired | StackDesired;

/** A file handed to a renderer. */
export interface BundleFile {
  readonly path: string;
  readonly executable: boolean;
  readonly bytes: Uint8Array;
}

/** Everything one application's rendering may read, and nothing else (contracts §3). */
export interface Bundle {
  readonly files: readonly BundleFile[];
}

/** Paths that decide the result: path -> Git object id, or `absent` for a path whose appearance would matter. */
export type Roots = Readonly<Record<string, string>>;
export const absent = 'absent';

export interface RenderOptions {
  readonly app: Application;
  /** Passed to Helm only when the target's version and API list are known. */
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
  /** Let Kustomize use `helmCharts` whose charts are in the repository. Default false. */
  readonly enableHelm?: boolean;
  /** Key of the bundle's blob: a renderer in another place reads it from there. */
  readonly bundleKey?: string;
  /** Aborts the work; renderers also have a deadline and an output limit of their own. */
  readonly signal?: AbortSignal;
}

export type RenderResult =
  | { readonly kind: 'desired'; readonly desired: Desired; readonly warnings: readonly Problem[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** The port: the same in both homes. Throws HoldfastError only for faults of the machine (binary missing, deadline). */
export interface Renderer {
  /** Changes whenever the same input could give other output; part of every cache key. */
  version(): Promise<string>;
  render(bundle: Bundle, options: RenderOptions): Promise<RenderResult>;
}
