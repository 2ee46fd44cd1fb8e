// What a failure of an EKS cluster means, said with what only EKS knows: the principal, its access entry, a private endpoint.
import { principalOf } from '../aws/caller-identity.ts';
import type { CredentialProvider } from '../aws/credentials.ts';
import type { EksCluster } from './eks-cluster.ts';
import { KubeApiError, type KubeErrorDetail } from './errors.ts';

export interface EksFacts {
  readonly cluster: EksCluster;
  readonly credentials: CredentialProvider;
  /** ARN of the role in use, when it is known. */
  readonly principal?: string;
}

/** The same failure with more to go by; others are returned as they are. Never throws. */
export async function explainEks(error: KubeApiError, facts: EksFacts): Promise<KubeApiError> {
  if (error.code === 'Unauthorized') return explained(error, refused(facts, await principal(facts)));
  if (error.code === 'ClusterUnreachable' || error.code === 'ClusterTimeout')
    return explained(error, unreachable(error, facts));
  return error;
}

type More = Partial<Pick<KubeErrorDetail, 'message' | 'object' | 'reason' | 'next' | 'source'>>;

function explained(error: KubeApiError, more: More): KubeApiError {
  const { code, status, causes, conflicts, retryAfterMs } = error;
  return new KubeApiError({
    ...error.toFailure(),
    code,
    status,
    causes,
    conflicts,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    cause: error,
    ...more,
  });
}

async function principal({ principal: known, credentials, cluster }: EksFacts): Promise<string> {
  if (known !== undefined) return known;
  try {
    return (await principalOf(await credentials(), cluster.region)) ?? 'PRINCIPAL_ARN';
  } catch {
    // The refusal is what a person must hear of; that AWS does not tell who we are comes second.
    return 'PRINCIPAL_ARN';
  }
}

function refused({ cluster }: EksFacts, arn: string): More {
  const { name, region, authenticationMode } = cluster;
  const who = arn === 'PRINCIPAL_ARN' ? 'the credentials in use' : arn;
  const allow = `aws eks create-access-entry --cluster-name ${name} --region ${region} --principal-arn ${arn} --kubernetes-groups holdfast`;
  const enable = `aws eks update-cluster-config --name ${name} --region ${region} --access-config authenticationMode=API_AND_CONFIG_MAP`;
  return {
    message: `EKS cluster ${name} does not accept ${who} (401)`,
    // Whatever was asked for, every request is refused.
    object: name,
    reason:
      'No access entry for this principal (its ARN with the path, if the role has one), or this machine has the wrong time',
    next: authenticationMode === 'CONFIG_MAP' ? `${enable}, then ${allow}` : allow,
    source: 'user',
  };
}

function unreachable(error: KubeApiError, { cluster }: EksFacts): More {
  const { name, vpc, publicAccess, publicRanges } = cluster;
  if (/CERT|SIGNED|SIGNATURE|TLS/i.test(error.reason ?? ''))
    return {
      message: `The certificate of EKS cluster ${name} is not the one that EKS names for it`,
      next: 'holdfast doctor',
    };
  if (!publicAccess) {
    const where = vpc === '' ? "the cluster's VPC" : vpc;
    return {
      source: 'user',
      message: `EKS cluster ${name} has a private endpoint only, and it does not answer from here`,
      next: `Run in ${where}, with port 443 of the cluster's security group open to this side`,
    };
  }
  const open = publicRanges.length === 0 || publicRanges.includes('0.0.0.0/0');
  if (open)
    return {
      message: `EKS cluster ${name} does not answer`,
      next: `aws eks describe-cluster --name ${name} --region ${cluster.region}`,
    };
  return {
    message: `EKS cluster ${name} does not answer`,
    next: `Its public endpoint is open to ${publicRanges.slice(0, 5).join(', ')} only: add this machine's address, or run in its VPC`,
  };
}
