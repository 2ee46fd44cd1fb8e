// What an installation remembers: one table, one bucket, three secrets. They stay when the stack is deleted.
import { Aws, Duration, RemovalPolicy, SecretValue } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { pascal } from './names.ts';
import { allow, type Right } from './rights.ts';

/** Secondary indexes of the table. */
export type IndexName = 'due' | 'repository' | 'image';

const read = ['dynamodb:GetItem', 'dynamodb:Query'];
const hint = ['dynamodb:PutItem', 'dynamodb:UpdateItem'];
const write = [...hint, 'dynamodb:DeleteItem'];
/** `hint` looks, makes and changes items, `write` also removes them. */
const tableActions = { hint: [...read, ...hint], write: [...read, ...write] } as const;

const objectActions = {
  read: ['s3:GetObject'],
  write: ['s3:GetObject', 's3:PutObject'],
  collect: ['s3:DeleteObject'],
} as const;

export interface StateProps {
  readonly prefix: string;
  /** Customer key for the bucket, the table and the secrets. */
  readonly encryptionKeyArn?: string;
}

export class State extends Construct {
  readonly table: dynamodb.Table;
  readonly bucket: s3.Bucket;
  /** Secret from which the installation's HMAC key is made. */
  readonly keySecret: secretsmanager.Secret;
  /** Webhook secrets by alias. */
  readonly webhookSecret: secretsmanager.Secret;
  /** Git credentials by alias. */
  readonly gitSecret: secretsmanager.Secret;
  readonly #key: kms.IKey | undefined;

  constructor(scope: Construct, id: string, props: StateProps) {
    super(scope, id);
    this.#key =
      props.encryptionKeyArn === undefined ? undefined : kms.Key.fromKeyArn(this, 'Key', props.encryptionKeyArn);
    this.table = tableIn(this, this.#key);
    this.bucket = bucketIn(this, this.#key);
    this.keySecret = this.#secret('KeySecret', {
      description: `Holdfast ${props.prefix}: text from which the key of the digests is made. Changing it makes every digest unknown.`,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
    });
    this.webhookSecret = this.#secret('WebhookSecret', {
      description: `Holdfast ${props.prefix}: secrets of webhooks by alias: {"alias": "secret"} or {"alias": ["current", "previous"]}.`,
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: 'root',
        passwordLength: 40,
        excludePunctuation: true,
      },
    });
    this.gitSecret = this.#secret('GitSecret', {
      description: `Holdfast ${props.prefix}: credentials of Git hosts by alias.`,
      // Empty, so nothing secret stands in the template; what people write later is not written back by a deployment.
      secretStringValue: SecretValue.unsafePlainText('{}'),
    });
  }

  /** Without a name of its own: it stays after the stack, and the next installation of this prefix could not take the name. */
  #secret(id: string, props: secretsmanager.SecretProps): secretsmanager.Secret {
    const secret = new secretsmanager.Secret(this, id, {
      ...props,
      removalPolicy: RemovalPolicy.RETAIN,
      ...(this.#key === undefined ? {} : { encryptionKey: this.#key }),
    });
    acknowledge(secret, {
      'AwsSolutions-SMG4':
        'Both sides of a webhook, and the Git host, must change together with the secret: people rotate it, with two valid at a time.',
    });
    return secret;
  }

  /**
   * Rights on the table, the named indexes, and what is too large for an item and lies in the bucket. Without the right to list,
   * S3 answers 403 for an object that is not there, and missing could not be told from forbidden.
   */
  tableRights(mode: keyof typeof tableActions, indexes: readonly IndexName[] = []): readonly Right[] {
    const arn = this.table.tableArn;
    const queries = indexes.map((index) => `${arn}/index/${index}`);
    return [
      allow('Table', tableActions[mode], [arn]),
      ...(queries.length === 0 ? [] : [allow('Indexes', ['dynamodb:Query'], queries)]),
      this.#objects('LargeItems', [...objectActions.write, ...objectActions.collect], ['overflow/']),
      allow('ListObjects', ['s3:ListBucket'], [this.bucket.bucketArn]),
      ...this.#keyRights('dynamodb', 'TableKey', true),
      ...this.#keyRights('s3', 'ObjectKey', true),
    ];
  }

  /** Rights on objects whose keys begin with one of the prefixes; all objects when none is given. */
  objectRights(mode: keyof typeof objectActions, prefixes: readonly string[] = ['']): Right {
    return this.#objects(`Objects${pascal(mode)}`, objectActions[mode], prefixes);
  }

  #objects(sid: string, actions: readonly string[], prefixes: readonly string[]): Right {
    const arns = prefixes.map((prefix) => this.bucket.arnForObjects(`${prefix}*`));
    return allow(sid, actions, arns, { reason: 'Objects of its own bucket: their names are hashes.' });
  }

  /** The right to read secrets. */
  secretRights(sid: string, ...arns: readonly string[]): readonly Right[] {
    return [
      allow(sid, ['secretsmanager:GetSecretValue'], arns),
      ...this.#keyRights('secretsmanager', `${sid}Key`, false),
    ];
  }

  /** Rights on the customer key, only through the service that keeps the data. */
  #keyRights(service: string, sid: string, writes: boolean): readonly Right[] {
    if (this.#key === undefined) return [];
    const writing = ['kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];
    return [
      allow(sid, ['kms:Decrypt', 'kms:DescribeKey', ...(writes ? writing : [])], [this.#key.keyArn], {
        conditions: { StringEquals: { 'kms:ViaService': `${service}.${Aws.REGION}.amazonaws.com` } },
      }),
    ];
  }
}

function tableIn(scope: Construct, key: kms.IKey | undefined): dynamodb.Table {
  const text = (name: string): dynamodb.Attribute => ({ name, type: dynamodb.AttributeType.STRING });
  const table = new dynamodb.Table(scope, 'Table', {
    partitionKey: text('pk'),
    sortKey: text('sk'),
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: 'expires',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
    ...(key === undefined ? {} : { encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED, encryptionKey: key }),
  });
  table.addGlobalSecondaryIndex({
    indexName: 'due',
    partitionKey: text('due_shard'),
    sortKey: { name: 'due_at', type: dynamodb.AttributeType.NUMBER },
    projectionType: dynamodb.ProjectionType.INCLUDE,
    nonKeyAttributes: ['lease_until'],
  });
  for (const indexName of ['repository', 'image'] as const) {
    table.addGlobalSecondaryIndex({
      indexName,
      partitionKey: text(indexName),
      sortKey: text('sk'),
      projectionType: dynamodb.ProjectionType.KEYS_ONLY,
    });
  }
  return table;
}

function bucketIn(scope: Construct, key: kms.IKey | undefined): s3.Bucket {
  const bucket = new s3.Bucket(scope, 'Bucket', {
    versioned: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: [
      {
        id: 'forget-what-was-replaced-or-removed',
        noncurrentVersionExpiration: Duration.days(30),
        abortIncompleteMultipartUploadAfter: Duration.days(1),
        expiredObjectDeleteMarker: true,
      },
    ],
    ...(key === undefined
      ? { encryption: s3.BucketEncryption.S3_MANAGED }
      : { encryption: s3.BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }),
  });
  acknowledge(bucket, {
    'AwsSolutions-S1':
      'Only the functions of this stack read and write it; access logs would need a second bucket that grows with every check. CloudTrail data events show the same where they are wanted.',
  });
  return bucket;
}
