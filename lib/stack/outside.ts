// Which things outside the stack its functions may touch, read from the settings: ARNs, as narrow as what is known.
import { arnOf } from './rights.ts';
import type { Settings } from './settings.ts';

const codecommitUrl =
  /^https:\/\/git-codecommit(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/v1\/repos\/([\w.-]+)$/;
const codecommitShort = /^codecommit::([a-z0-9-]+):\/\/(?:[^@/]+@)?([\w.-]+)$/;
const connectionUrl =
  /^https:\/\/(codeconnections|codestar-connections)\.[a-z0-9-]+\.amazonaws\.com\/git-http\/([0-9]{12})\/([a-z0-9-]+)\/([0-9a-f-]+)\//;

/**
 * CodeCommit repositories that may be read, and written for image updates: the listed ones; otherwise the root when it is one;
 * otherwise, while no root is known, those of this account and region.
 */
export function codecommitRepositories(settings: Settings): readonly string[] {
  if (settings.codecommitRepositories !== undefined) return settings.codecommitRepositories;
  if (settings.root === undefined) return [arnOf('codecommit', '*')];
  const [, region, name] = codecommitUrl.exec(settings.root.url) ?? codecommitShort.exec(settings.root.url) ?? [];
  return name === undefined ? [] : [arnOf('codecommit', name, region)];
}

/** Connections that may be used: the listed ones, and the one in the root's URL. */
export function connections(settings: Settings): readonly string[] {
  const [, service, account, region, id] = connectionUrl.exec(settings.root?.url ?? '') ?? [];
  const own = service === undefined ? [] : [arnOf(service, `connection/${id}`, region, account)];
  return [...new Set([...(settings.connections ?? []), ...own])];
}

/** ECR repositories whose tags may be read. */
export function imageRepositories(settings: Settings): readonly string[] {
  return settings.imageRepositories ?? [arnOf('ecr', 'repository/*')];
}

/** Clusters that may be described. It tells an address and a certificate; entry needs an access entry in the cluster itself. */
export function clusterArns(settings: Settings): readonly string[] {
  if (settings.clusters === undefined) return [arnOf('eks', 'cluster/*')];
  return settings.clusters.map(({ name, region, account }) => arnOf('eks', `cluster/${name}`, region, account));
}
