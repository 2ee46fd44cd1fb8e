// What this identity may do in a namespace: one question per namespace, kept for a while.
import { isKubeError } from './errors.ts';
import type { Cluster } from './cluster.ts';
import type { AccessRules, ApiResource } from './types.ts';

const keptMs = 300_000;

function covers(list: readonly string[], wanted: string): boolean {
  return list.includes('*') || list.includes(wanted);
}

/** Whether rules allow a verb on any object of a resource (or on this name). */
export function allows(rules: AccessRules, verb: string, resource: ApiResource, name: string): boolean {
  return rules.rules.some(
    (rule) =>
      covers(rule.verbs, verb) &&
      covers(rule.groups, resource.group) &&
      covers(rule.resources, resource.plural) &&
      (rule.names.length === 0 || rule.names.includes(name)),
  );
}

export class Rights {
  readonly #cluster: Cluster;
  readonly #known = new Map<string, { readonly at: number; readonly answer: Promise<AccessRules | undefined> }>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The first of `verbs` that is certainly denied; undefined when all are allowed, or when nobody can tell. */
  async denied(
    resource: ApiResource,
    object: { readonly namespace: string; readonly name: string },
    verbs: readonly string[],
    now: number,
  ): Promise<string | undefined> {
    // The review speaks of namespaces; for the rest the write itself tells.
    if (!resource.namespaced) return undefined;
    const rules = await this.#rulesOf(object.namespace, now);
    if (rules === undefined || rules.incomplete) return undefined;
    return verbs.find((verb) => !allows(rules, verb, resource, object.name));
  }

  async #rulesOf(namespace: string, now: number): Promise<AccessRules | undefined> {
    const known = this.#known.get(namespace);
    if (known !== undefined && now - known.at < keptMs) return await known.answer;
    const answer = this.#cluster
      .request((client) => client.selfSubjectRules(namespace))
      .catch((error: unknown) => {
        if (isKubeError(error)) return undefined;
        throw error;
      });
    this.#known.set(namespace, { at: now, answer });
    return await answer;
  }
}
