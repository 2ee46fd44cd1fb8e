// What can be set about an installation, as plain data: the same for the construct's props and for cdk.json context.

/** The repository that declares targets and applications. */
export interface RootSettings {
  /** HTTPS URL, without credentials. */
  readonly url: string;
  /** Branch that is followed. */
  readonly branch: string;
  /** Kind of Git host; guessed from the URL when absent. */
  readonly host?: string;
  /** ARN of your own secret with the credentials of this repository. */
  readonly secretArn?: string;
}

/** An EKS cluster that is described with the reconcile function's own role. */
export interface ClusterSettings {
  readonly name: string;
  /** Region of the cluster; that of the stack when absent. */
  readonly region?: string;
  /** Account of the cluster; that of the stack when absent. */
  readonly account?: string;
}

/** Where the reconcile function runs, for clusters that are reached from inside a network only. */
export interface VpcSettings {
  readonly id: string;
  /** Subnets, one for each availability zone. */
  readonly subnets: readonly string[];
  /** Security groups of the function; one that may only go out on port 443 is made when absent. */
  readonly securityGroups?: readonly string[];
  /** Route tables that get gateway endpoints (free) for S3 and DynamoDB; none are made when absent. */
  readonly routeTables?: readonly string[];
  /** Whether to make interface endpoints for what the function calls; they cost by the hour. */
  readonly interfaceEndpoints?: boolean;
}

/** How many workers of a queue may run at a time. */
export interface ConcurrencySettings {
  readonly source?: number;
  readonly reconcile?: number;
}

/** Settings of an installation. Everything has a default. */
export interface Settings {
  /** Name of the installation: in every physical name, and in the marks on what it makes. Default `holdfast`. */
  readonly prefix?: string;
  /** The root repository; without it the stack waits for `holdfast connect`. */
  readonly root?: RootSettings;
  /** ARNs of the roles of targets that reconcile may assume. Default none. */
  readonly targetRoles?: readonly string[];
  /** Clusters that reconcile may describe itself. Default: every cluster of this account and region. */
  readonly clusters?: readonly ClusterSettings[];
  /** Puts the reconcile function into a network. Default: outside. */
  readonly vpc?: VpcSettings;
  /** How often drift is looked for where an application does not say it, e.g. `15m`. */
  readonly driftEvery?: string;
  /** Least level of the functions' logs: `DEBUG`, `INFO`, `WARN` or `ERROR`. Default `INFO`. */
  readonly logLevel?: string;
  /** Days that logs are kept. Default 30. */
  readonly logRetentionDays?: number;
  /** ARN of a managed policy that becomes the boundary of every role. */
  readonly permissionsBoundary?: string;
  /** Other accounts whose ECR, CodeCommit and CloudFormation events are believed. Default none. */
  readonly eventAccounts?: readonly string[];
  /** ARN of your KMS key for the bucket, the table and the secrets. Default: keys that AWS owns. */
  readonly encryptionKeyArn?: string;
  /** Upper limit of simultaneous webhook deliveries, taken from the account's concurrency. Default none. */
  readonly webhookReservedConcurrency?: number;
  /** Address that is told of alarms, drift and failed runs. */
  readonly alarmEmail?: string;
  /** ARNs of CodeCommit repositories that may be read and written. Default: see `root`. */
  readonly codecommitRepositories?: readonly string[];
  /** ARNs of CodeConnections connections that may be used. Default: the one in the root's URL. */
  readonly connections?: readonly string[];
  /** ARNs of ECR repositories whose tags may be read. Default: those of this account and region. */
  readonly imageRepositories?: readonly string[];
  /** Workers of each queue at a time. Default 4 for source, 8 for reconcile. */
  readonly concurrency?: ConcurrencySettings;
}
