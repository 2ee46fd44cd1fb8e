// A cluster's version and discovery as charts are told of them.
import type { SeenCluster } from '../../core/render/cluster-facts.ts';
import { apiVersionOf } from './paths.ts';
import type { ApiDirectory, ServerVersion } from './types.ts';

/** Both forms that a chart may ask for: `group/version`, and with the kind. */
export function seenCluster(directory: ApiDirectory, version: ServerVersion): SeenCluster {
  const kinds = directory.resources.map((resource) => `${apiVersionOf(resource)}/${resource.kind}`);
  return { version: version.gitVersion, apis: [...directory.versions, ...kinds], unknown: directory.stale };
}
