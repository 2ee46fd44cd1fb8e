// Who waits for an application: read from the catalogue in force, and read again only when that changed.
import type { Catalogue } from '../core/config/model.ts';
import type { Blobs, Store } from '../core/reconcile/store.ts';
import { readCatalogueBlob, repoKey, repoState } from './rows.ts';

/** Looks up dependents of an application id. */
export function dependentsOf(kept: {
  readonly store: Store;
  readonly blobs: Blobs;
}): (id: string) => Promise<readonly string[]> {
  let known: { readonly key: string; readonly dependents: ReadonlyMap<string, readonly string[]> } | undefined;
  return async (id) => {
    const alias = id.slice(0, id.indexOf('/'));
    const state = repoState(await kept.store.read(repoKey(alias)));
    if (state.catalogue === undefined) return [];
    if (known?.key !== state.catalogue) {
      const catalogue = await readCatalogueBlob(kept.blobs, state);
      known = { key: state.catalogue, dependents: catalogue === undefined ? new Map() : reversed(catalogue) };
    }
    return known.dependents.get(id) ?? [];
  };
}

function reversed(catalogue: Catalogue): ReadonlyMap<string, readonly string[]> {
  const dependents = new Map<string, string[]>();
  for (const app of catalogue.apps) {
    for (const needed of app.dependsOn) dependents.set(needed, [...(dependents.get(needed) ?? []), app.id]);
  }
  return dependents;
}
