// From one commit to what each application wants: the catalogue, the inputs of an application, and its inputs bundle.
import type { Application, Catalogue, CatalogueResult, TargetSpec } from '../core/config/model.ts';
import { HoldfastError } from '../core/errors.ts';
import { canonicalJson, type Hash } from '../core/json.ts';
import type { AppSource } from '../core/reconcile/state.ts';
import { takesClusterFacts } from '../core/render/cluster-facts.ts';
import { inputs } from '../core/render/inputs.ts';
import { inputsKey } from '../core/render/inputs-key.ts';
import type { Renderer, RendererKind } from '../core/render/model.ts';
import { bundleKey, encodeBundle, makeBundle } from '../core/source/bundle.ts';
import type { GitLimits } from '../core/source/git.ts';
import type { Tree } from '../core/source/tree.ts';
import type { ClusterLookup } from './clusters.ts';
import { asJson } from './rows.ts';

/** Where the root repository declares everything. */
export const configFile = 'holdfast.yaml';

/** What one commit declares. A missing file is a refusal that says what to write. */
export async function catalogueOf(tree: Tree, alias: string, driftEvery?: string): Promise<CatalogueResult> {
  const node = await tree.lookup(configFile);
  const isFile = node !== undefined && (node.kind === 'file' || node.kind === 'executable');
  const text = isFile ? new TextDecoder().decode(await tree.bytes(configFile)) : undefined;
  // The schema library is a good part of the start of a command that need not read the config again.
  const { readCatalogue } = await import('../core/config/parse.ts');
  const file = { path: configFile, text };
  return await readCatalogue({ alias, revision: tree.revision, file, tree, driftEvery });
}

/** Digest of everything a user declared about an application, without its place in the file. */
export function specDigest(app: Application, target: TargetSpec, hash: Hash): string {
  return hash(canonicalJson(asJson({ ...app, position: undefined, target: target })));
}

export interface MadeSource {
  readonly source: Omit<AppSource, 'seq'>;
  /** The bundle's bytes, made only when asked for. */
  readonly bundle: () => Promise<Uint8Array>;
}

/** Follows the inputs of one application in a tree. */
export async function sourceOf(
  tree: Tree,
  catalogue: Catalogue,
  app: Application,
  tools: {
    readonly hash: Hash;
    readonly renderers: Readonly<Record<RendererKind, Renderer>>;
    readonly gitLimits: GitLimits;
    readonly clusterOf: ClusterLookup;
  },
): Promise<MadeSource> {
  const target = catalogue.targets[app.target];
  if (target === undefined) {
    throw new HoldfastError({
      code: 'ConfigUnknownTarget',
      source: 'user',
      message: `Target ${app.target} is not declared`,
      object: app.name,
    });
  }
  const found = await inputs(app, tree);
  const version = await tools.renderers[found.kind].version();
  const cluster = takesClusterFacts(found.kind) ? await tools.clusterOf(target) : undefined;
  const key = inputsKey({
    app,
    roots: found.roots,
    renderer: found.kind,
    rendererVersion: version,
    ...(cluster === undefined ? {} : { kubeVersion: cluster.facts.version, apiVersions: cluster.facts.apis }),
    hash: tools.hash,
  });
  const wanted = tools.hash(canonicalJson([key, asJson(target), app.namespace ?? '', found.problems.length > 0]));
  const bundle = `bundle/${bundleKey(found.roots, tools.hash)}`;
  return {
    source: {
      revision: tree.revision,
      inputsKey: wanted,
      bundle,
      roots: found.roots,
      renderer: found.kind,
      ...(cluster === undefined ? {} : { cluster: cluster.key }),
      app,
      target,
      problems: found.problems,
    },
    bundle: async () => encodeBundle(await makeBundle(tree, found.roots, tools.gitLimits)),
  };
}
