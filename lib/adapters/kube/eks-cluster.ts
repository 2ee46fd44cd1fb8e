// What EKS says of a cluster: where it is, whom to trust, and who may reach it.
import type { Cluster } from '@aws-sdk/client-eks';
import { HoldfastError } from '../../core/errors.ts';
import { callerError, readThrown } from '../aws/caller-errors.ts';
import type { CredentialProvider } from '../aws/credentials.ts';

export interface EksCluster {
  readonly name: string;
  readonly region: string;
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly publicAccess: boolean;
  /** Address ranges that reach the public endpoint. */
  readonly publicRanges: readonly string[];
  /** `''` when EKS does not tell. */
  readonly vpc: string;
  /** `API`, `API_AND_CONFIG_MAP`, `CONFIG_MAP` or `''`. */
  readonly authenticationMode: string;
}

export interface DescribeOptions {
  readonly cluster: string;
  readonly region: string;
  readonly credentials: CredentialProvider;
  /** Called for each request with the name of its call. */
  readonly onRequest?: (call: string) => void;
}

const call = 'eks:DescribeCluster';
/** Reachable while they last; in all other states the endpoint is not there yet, or not any more. */
const usable = new Set(['ACTIVE', 'UPDATING']);

/** Throws `ClusterMissing`, `ClusterNotReady`, `AwsForbidden` and what else `callerError` gives. */
export async function describeEksCluster(options: DescribeOptions): Promise<EksCluster> {
  const { cluster: name, region, credentials, onRequest } = options;
  const { askCluster } = await import('./eks-call.ts');
  onRequest?.('describe-cluster');
  try {
    return readCluster(options, await askCluster({ name, region, credentials }));
  } catch (error) {
    throw describeError(options, error);
  }
}

function readCluster({ cluster: name, region }: DescribeOptions, found: Cluster): EksCluster {
  const { endpoint = '', status = '', certificateAuthority, resourcesVpcConfig: vpc = {}, accessConfig } = found;
  const ca = Buffer.from(certificateAuthority?.data ?? '', 'base64').toString('utf8');
  if (!usable.has(status) || endpoint === '' || ca === '') throw notReady(name, region, status);
  return {
    name,
    region,
    server: endpoint,
    ca,
    publicAccess: vpc.endpointPublicAccess !== false,
    publicRanges: vpc.publicAccessCidrs ?? [],
    vpc: vpc.vpcId ?? '',
    authenticationMode: accessConfig?.authenticationMode ?? '',
  };
}

function notReady(name: string, region: string, status: string): HoldfastError {
  const passing = status === 'CREATING' || status === 'PENDING' || usable.has(status);
  return new HoldfastError({
    code: 'ClusterNotReady',
    source: passing ? 'remote' : 'user',
    message: `EKS cluster ${name} in ${region} is ${status === '' ? 'in no known state' : status}, not ACTIVE`,
    retryable: passing,
    object: name,
    next: `aws eks describe-cluster --name ${name} --region ${region} --query cluster.status`,
  });
}

function describeError({ cluster: name, region }: DescribeOptions, error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  if (readThrown(error).name === 'ResourceNotFoundException') {
    return new HoldfastError({
      code: 'ClusterMissing',
      source: 'user',
      message: `There is no EKS cluster ${name} in ${region} of this account`,
      object: name,
      next: `aws eks list-clusters --region ${region}; another account needs roleArn at the target`,
    });
  }
  const known = callerError(error, call);
  const vpc = `In a VPC: NAT, or the interface endpoint com.amazonaws.${region}.eks. Else check the network and the region`;
  const next = known.code === 'AwsUnreachable' ? { next: vpc } : {};
  return new HoldfastError({ ...known.toFailure(), object: `EKS cluster ${name}`, cause: error, ...next });
}
