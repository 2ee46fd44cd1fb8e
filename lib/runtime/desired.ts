// Desired state of an application: rendered once per inputs key, kept as a blob, read back by its digest.
import { HoldfastError } from '../core/errors.ts';
import type { RenderOutcome } from '../core/reconcile/record.ts';
import type { AppSource } from '../core/reconcile/state.ts';
import { decodeDesired, encodeDesired } from '../core/render/blob.ts';
import type { Desired, RenderOptions } from '../core/render/model.ts';
import { decodeBundle } from '../core/source/bundle.ts';
import { readClusterFacts } from './clusters.ts';
import type { Home } from './home.ts';
import { readJson, repoKey, writeJson } from './rows.ts';

/** Where a rendering is remembered: by everything that decides it. */
const renderedKey = (inputsKey: string): string => `rendered/${inputsKey}`;

type Remembered = { readonly key: string; readonly digest: string };

/** Renders what Git wants, or remembers having done it. Rendering has no rights and no clock, so equal keys are equal results. */
export async function renderSource(home: Home, source: AppSource, signal: AbortSignal): Promise<RenderOutcome> {
  const remembered = await readJson<Remembered>(home.blobs, renderedKey(source.inputsKey));
  if (remembered !== undefined && (await home.blobs.has(remembered.key))) return { kind: 'desired', ...remembered };
  const [bytes, cluster] = await Promise.all([home.blobs.get(source.bundle), clusterOptions(home, source)]);
  if (bytes === undefined || cluster === undefined) {
    await home.store.hint(repoKey(source.app.alias), { kind: 'retry', at: home.now(), note: 'inputs bundle missing' });
    throw new HoldfastError({
      code: 'BundleMissing',
      source: 'system',
      message: 'The inputs of this revision are being fetched again',
      retryable: true,
    });
  }
  const result = await home.renderers[source.renderer].render(decodeBundle(bytes), {
    app: source.app,
    bundleKey: source.bundle,
    signal,
    ...cluster,
  });
  if (result.kind === 'refused') return { kind: 'refused', problems: result.problems };
  const encoded = encodeDesired(result.desired, home.hash);
  const key = `desired/${encoded.digest}`;
  // In any order: what is remembered counts only where the desired state is there, too.
  await Promise.all([
    home.blobs.put(key, new TextEncoder().encode(encoded.text)),
    writeJson(home.blobs, renderedKey(source.inputsKey), { key, digest: encoded.digest } satisfies Remembered),
  ]);
  return { kind: 'desired', key, digest: encoded.digest };
}

/** What the renderer is told of the cluster; undefined when it was recorded and is gone, because the key promises it. */
async function clusterOptions(
  home: Home,
  source: AppSource,
): Promise<Pick<RenderOptions, 'kubeVersion' | 'apiVersions'> | undefined> {
  if (source.cluster === undefined) return {};
  const facts = await readClusterFacts(home, source.cluster);
  return facts === undefined ? undefined : { kubeVersion: facts.version, apiVersions: facts.apis };
}

/** Reads a stored desired state. */
export async function readDesired(home: Home, key: string): Promise<Desired> {
  const bytes = await home.blobs.get(key);
  if (bytes !== undefined) return decodeDesired(new TextDecoder().decode(bytes));
  throw new HoldfastError({
    code: 'DesiredMissing',
    source: 'system',
    message: `The stored desired state ${key} is gone`,
    object: key,
    next: 'holdfast sync APP',
    retryable: true,
  });
}
