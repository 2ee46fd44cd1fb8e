// One key for everything that decides a rendering: it says "affected", names the cached result, and "this failed already".
import type { Application } from '../config/model.ts';
import { canonicalJson, type Hash, type Json } from '../json.ts';
import type { RendererKind, Roots } from './model.ts';

/** Raise the number when reading or normalising changes what the same inputs give. */
const prefix = 'holdfast-inputs/1';

export interface InputsKeyParts {
  readonly app: Application;
  readonly roots: Roots;
  readonly renderer: RendererKind;
  /** What `Renderer.version()` answered. */
  readonly rendererVersion: string;
  /** The target's version and API list, when Helm is told them. */
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
  readonly hash: Hash;
}

/** What a user declared of an application that can change its rendering; policies, schedules and positions cannot. */
function renderSpec(app: Application): Json {
  return {
    name: app.name,
    path: app.path,
    namespace: app.namespace ?? null,
    exclude: app.exclude,
    recurse: app.recurse,
    helm: { valuesFiles: app.helm.valuesFiles, values: app.helm.values },
    stack: app.stack === undefined ? null : { ...app.stack },
  };
}

/** The key. Equal keys render equal; any option that could matter changes it. */
export function inputsKey(parts: InputsKeyParts): string {
  return parts.hash(
    canonicalJson([
      prefix,
      parts.roots,
      renderSpec(parts.app),
      parts.renderer,
      parts.rendererVersion,
      parts.kubeVersion ?? null,
      parts.apiVersions === undefined ? null : [...parts.apiVersions].sort(),
    ]),
  );
}
