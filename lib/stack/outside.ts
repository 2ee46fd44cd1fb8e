// Rights on things outside the stack, read from the settings: as narrow as what is known.
import { allow, arnOf, type Right } from './rights.ts';
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
function codecommitRepositories(settings: Settings): readonly string[] {
  if (settings.codecommitRepositories !== undefined) return settings.codecommitRepositories;
  if (settings.root === undefined) return [arnOf('codecommit', '*')];
  const [, region, name] = codecommitUrl.exec(settings.root.url) ?? codecommitShort.exec(settings.root.url) ?? [];
  return name === undefined ? [] : [arnOf('codecommit', name, region)];
}

/** Connections that may be used: the listed ones, and the one in the root's URL. */
function connections(settings: Settings): readonly string[] {
  const [, service, account, region, id] = connectionUrl.exec(settings.root?.url ?? '') ?? [];
  const own = service === undefined ? [] : [arnOf(service, `connection/${id}`, region, account)];
  return [...new Set([...(settings.connections ?? []), ...own])];
}

/** Rights to fetch, and to push image updates, with the function's own signature. */
export function gitRights(settings: Settings): readonly Right[] {
  const repositories = codecommitRepositories(settings);
  const used = connections(settings);
  const actions = [...new Set(used.map((arn) => `${arn.split(':')[2] ?? ''}:UseConnection`))];
  const reason = 'No root repository is set: it may be any of this account and region.';
  return [
    ...(repositories.length === 0
      ? []
      : [allow('Git', ['codecommit:GitPull', 'codecommit:GitPush'], repositories, { reason })]),
    ...(used.length === 0 ? [] : [allow('Connections', actions, used)]),
  ];
}

/** The right to read which tags ECR repositories have. */
export function imageRights(settings: Settings): readonly Right[] {
  const repositories = settings.imageRepositories ?? [arnOf('ecr', 'repository/*')];
  const reason = 'Which images are followed is said in Git; tags tell no content.';
  return repositories.length === 0 ? [] : [allow('ReadTags', ['ecr:DescribeImages'], repositories, { reason })];
}

/** The right to describe clusters. It tells an address and a certificate; entry needs an access entry in the cluster itself. */
export function clusterRights(settings: Settings): readonly Right[] {
  const listed = settings.clusters?.map(({ name, region, account }) =>
    arnOf('eks', `cluster/${name}`, region, account),
  );
  const reason = 'No clusters are listed; it tells an address, and entry needs an access entry in the cluster itself.';
  const arns = listed ?? [arnOf('eks', 'cluster/*')];
  return arns.length === 0 ? [] : [allow('DescribeClusters', ['eks:DescribeCluster'], arns, { reason })];
}
