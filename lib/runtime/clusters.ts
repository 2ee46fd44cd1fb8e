// What is recorded of the clusters that targets lead to: asked by the sweep, kept in the target's row, handed to Helm.
import type { Application, TargetSpec } from '../core/config/model.ts';
import { asFailure } from '../core/errors.ts';
import { canonicalJson } from '../core/json.ts';
import type { TargetContext } from '../core/plan/target.ts';
import { type ClusterFacts, clusterFacts } from '../core/render/cluster-facts.ts';
import type { Home } from './home.ts';
import { asJson, readVersioned, targetKey, writeJson } from './rows.ts';

/** Kept in a target's row. */
export interface RecordedCluster {
  /** Blob of the facts; its name is the hash of what is in it. */
  readonly key: string;
  /** Digest of where the target led when they were asked: another cluster's facts are none. */
  readonly place: string;
}

export interface KnownCluster {
  readonly key: string;
  readonly facts: ClusterFacts;
}

/** What is known of the cluster of a target; undefined before it was asked for the first time. */
export type ClusterLookup = (target: TargetSpec) => Promise<KnownCluster | undefined>;

/** Reads each target's row once. */
export function clusterLookup(home: Pick<Home, 'store' | 'blobs' | 'hash'>): ClusterLookup {
  const found = new Map<string, Promise<KnownCluster | undefined>>();
  const read = async (target: TargetSpec): Promise<KnownCluster | undefined> => {
    const state = (await home.store.read(targetKey(target.name)))?.state as { cluster?: RecordedCluster } | undefined;
    const recorded = state?.cluster;
    if (recorded === undefined || recorded.place !== placeOf(home, target)) return undefined;
    const facts = await readClusterFacts(home, recorded.key);
    return facts === undefined ? undefined : { key: recorded.key, facts };
  };
  return async (target) => {
    const known = found.get(target.name) ?? read(target);
    found.set(target.name, known);
    return await known;
  };
}

/** The facts of a blob; undefined when it is gone. */
export async function readClusterFacts(home: Pick<Home, 'blobs'>, key: string): Promise<ClusterFacts | undefined> {
  return await readVersioned<ClusterFacts>(home.blobs, key);
}

export interface Learned {
  readonly cluster: RecordedCluster;
  /** It is not what was recorded, or that was lost: charts may render differently now. */
  readonly news: boolean;
}

/** Whether something is recorded of where the target leads now. */
export function isRecorded(
  home: Pick<Home, 'hash'>,
  target: TargetSpec,
  recorded: RecordedCluster | undefined,
): boolean {
  return recorded !== undefined && recorded.place === placeOf(home, target);
}

/**
 * Asks the cluster of a target: one small request besides the discovery that the sweep makes anyway. Undefined when it does not
 * answer, and when the target leads to no cluster: what was recorded stays.
 */
export async function learnCluster(
  home: Home,
  { target: spec, app }: { readonly target: TargetSpec; readonly app: Application },
  before: RecordedCluster | undefined,
  context: TargetContext,
): Promise<Learned | undefined> {
  const place = placeOf(home, spec);
  const kept = before?.place === place ? before : undefined;
  try {
    const target = await home.targets.get(spec, app);
    const seen = await target.cluster?.(context);
    if (seen === undefined) return undefined;
    const known = kept === undefined ? undefined : await readClusterFacts(home, kept.key);
    const facts = clusterFacts(seen, known);
    const key = `cluster/${home.hash(canonicalJson(asJson(facts))).slice(0, 40)}`;
    const news = known === undefined || key !== kept?.key;
    if (news) await writeJson(home.blobs, key, facts);
    return { cluster: { key, place }, news };
  } catch (error) {
    // That it does not answer is said by the sweep and by the applications.
    if (context.signal.aborted || asFailure(error).code === 'LeaseLost') throw error;
    return undefined;
  }
}

function placeOf(home: Pick<Home, 'hash'>, target: TargetSpec): string {
  return home.hash(canonicalJson(asJson(target))).slice(0, 16);
}
