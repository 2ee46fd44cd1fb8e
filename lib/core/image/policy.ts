// Image policies: which of a repository's tags should run. A new policy is one more entry in `imagePolicies`.
import { parse, Range, type SemVer } from 'semver';
import type { ImageRule } from '../config/model.ts';
import { isTag } from '../trigger/ecr.ts';
import type { ImageTag } from './registry.ts';

/** One way to choose. Both functions are pure, and tags that mean nothing to the policy are passed over. */
interface ImagePolicy {
  /** The tag that should run, or undefined when none fits. */
  best(setting: string, tags: readonly ImageTag[]): ImageTag | undefined;
  /** Whether `candidate` may replace `current`: never something older, or the same. */
  replaces(candidate: string, current: string): boolean;
}

/**
 * A tag as a version: `1.2.3`, `v1.2.3`, `1.2`. A bare number is none: it is far more often a build number or a date, and
 * would be above every version.
 */
function version(tag: string): SemVer | undefined {
  const found = /^v?(\d+\.\d+)(\.\d+)?(-[0-9A-Za-z.-]+)?$/.exec(tag);
  if (found === null) return undefined;
  const [, major = '', patch = '.0', prerelease = ''] = found;
  return parse(`${major}${patch}${prerelease}`) ?? undefined;
}

/** Prereleases are wanted only by a range that names one, such as `>=1.0.0-0`. */
function rangeOf(setting: string): Range | undefined {
  try {
    const plain = new Range(setting);
    const named = plain.set.some((all) => all.some(({ semver }) => semver.prerelease?.length > 0));
    return named ? new Range(setting, { includePrerelease: true }) : plain;
  } catch {
    return undefined;
  }
}

const semver: ImagePolicy = {
  best: (setting, tags) => {
    const range = rangeOf(setting);
    if (range === undefined) return undefined;
    let best: { tag: ImageTag; version: SemVer } | undefined;
    for (const tag of tags) {
      const found = isTag(tag.tag) ? version(tag.tag) : undefined;
      if (found === undefined || !range.test(found)) continue;
      const order = best === undefined ? 1 : found.compare(best.version);
      // `v1.2.3` and `1.2.3` are one version: the newer push is meant.
      if (best === undefined || order > 0 || (order === 0 && tag.pushedAt > best.tag.pushedAt)) {
        best = { tag, version: found };
      }
    }
    return best?.tag;
  },
  replaces: (candidate, current) => {
    const [next, now] = [version(candidate), version(current)];
    if (next === undefined) return false;
    return now === undefined || next.compare(now) > 0;
  },
};

/** Every policy by the name it has in the config. */
const imagePolicies = { semver } as const satisfies Readonly<Record<keyof ImageRule['policy'], ImagePolicy>>;

/** The tag that a rule chooses; undefined when none fits. */
export function bestTag(rule: ImageRule, tags: readonly ImageTag[]): ImageTag | undefined {
  const [setting = ''] = Object.values(rule.policy);
  return policyOf(rule).best(setting, tags);
}

/** Whether a rule lets one tag take the place of another. */
export function mayReplace(rule: ImageRule, candidate: string, current: string): boolean {
  return policyOf(rule).replaces(candidate, current);
}

function policyOf(rule: ImageRule): ImagePolicy {
  // Config accepts exactly one policy per rule, and only those that are listed above.
  for (const [name, policy] of Object.entries(imagePolicies)) if (Object.hasOwn(rule.policy, name)) return policy;
  return imagePolicies.semver;
}
