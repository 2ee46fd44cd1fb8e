// What stays, what is named, what is inside a network: the parts of the template that people depend on after the first day.
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { tableDefinition, TTL_ATTRIBUTE } from '../../lib/adapters/store/dynamodb-table.ts';
import { functionNames, pascal } from '../../lib/stack/names.ts';
import { everything, idOf, ofType, stackOf, templateFor, templateOf } from '../support/stack/synth.ts';

const usual = templateFor();
const full = templateFor(everything);

describe('state', () => {
  it('has names in the template that never change, and stays when the stack goes', () => {
    const kept = Object.entries(usual.Resources).filter(([, resource]) => resource.DeletionPolicy === 'Retain');
    expect(kept.every(([, resource]) => resource.UpdateReplacePolicy === 'Retain')).toBe(true);
    // Another id is another resource: the installation would forget everything. Never change this list.
    expect(kept.map(([id, { Type }]) => `${Type} ${id}`).toSorted()).toMatchInlineSnapshot(`
      [
        "AWS::DynamoDB::Table HoldfastStateTable5556E7F3",
        "AWS::S3::Bucket HoldfastStateBucketA6AD53C2",
        "AWS::SecretsManager::Secret HoldfastStateGitSecret9FB3539E",
        "AWS::SecretsManager::Secret HoldfastStateKeySecretE901A3EE",
        "AWS::SecretsManager::Secret HoldfastStateWebhookSecret95AC8BD8",
      ]
    `);
    expect(Object.keys(full.Resources)).toEqual(expect.arrayContaining(kept.map(([id]) => id)));
  });

  it('has secrets whose first value is said in words that never change', () => {
    const first = ofType(full, 'AWS::SecretsManager::Secret').map(([id, { Properties }]) => [
      id.replace(/^HoldfastState|Secret[0-9A-F]{8}$/g, ''),
      Properties['SecretString'] ?? Properties['GenerateSecretString'],
    ]);
    // Other words make CloudFormation write the secret anew: digests would be unknown, webhooks refused, Git hosts closed.
    expect(Object.fromEntries(first)).toEqual({
      Key: { ExcludePunctuation: true, PasswordLength: 64 },
      Webhook: {
        ExcludePunctuation: true,
        GenerateStringKey: 'root',
        PasswordLength: 40,
        SecretStringTemplate: '{}',
      },
      Git: '{}',
    });
  });

  it('is one table, as the store wants it', () => {
    const [table] = ofType(usual, 'AWS::DynamoDB::Table');
    const { AttributeDefinitions, ...definition } = tableDefinition;
    expect(table?.[1].Properties).toEqual({
      ...definition,
      AttributeDefinitions: expect.arrayContaining([...AttributeDefinitions]),
      TimeToLiveSpecification: { AttributeName: TTL_ATTRIBUTE, Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
  });

  it('is one bucket: versioned, encrypted, closed', () => {
    const [bucket] = ofType(usual, 'AWS::S3::Bucket');
    expect(bucket?.[1].Properties).toMatchInlineSnapshot(`
      {
        "BucketEncryption": {
          "ServerSideEncryptionConfiguration": [
            {
              "ServerSideEncryptionByDefault": {
                "SSEAlgorithm": "AES256",
              },
            },
          ],
        },
        "LifecycleConfiguration": {
          "Rules": [
            {
              "AbortIncompleteMultipartUpload": {
                "DaysAfterInitiation": 1,
              },
              "ExpiredObjectDeleteMarker": true,
              "Id": "forget-what-was-replaced-or-removed",
              "NoncurrentVersionExpiration": {
                "NoncurrentDays": 30,
              },
              "Status": "Enabled",
            },
          ],
        },
        "OwnershipControls": {
          "Rules": [
            {
              "ObjectOwnership": "BucketOwnerEnforced",
            },
          ],
        },
        "PublicAccessBlockConfiguration": {
          "BlockPublicAcls": true,
          "BlockPublicPolicy": true,
          "IgnorePublicAcls": true,
          "RestrictPublicBuckets": true,
        },
        "VersioningConfiguration": {
          "Status": "Enabled",
        },
      }
    `);
  });

  it('is encrypted with the key that is given', () => {
    const key = everything.encryptionKeyArn;
    const uses = (type: string, part: string): string =>
      JSON.stringify(full.Resources[idOf(full, type, part)]?.Properties);
    expect(uses('AWS::S3::Bucket', 'Bucket')).toContain(key);
    expect(uses('AWS::DynamoDB::Table', 'Table')).toContain(key);
    for (const part of ['KeySecret', 'WebhookSecret', 'GitSecret']) {
      expect(uses('AWS::SecretsManager::Secret', part)).toContain(key);
    }
  });
});

describe('names', () => {
  it('that are given begin with the prefix, so that two installations live in one account', () => {
    const named = /^(?:\w*Name|Name)$/;
    const fixed = Object.entries(full.Resources).flatMap(([, { Type, Properties }]) =>
      Object.entries(Properties ?? {})
        .filter(
          ([key, value]) => named.test(key) && typeof value === 'string' && !/^(?:MetricName|PolicyName)$/.test(key),
        )
        .map(([key, value]) => `${Type} ${key} ${String(value)}`),
    );
    expect(fixed.filter((one) => !/ (?:team-a|com\.amazonaws)/.test(one))).toEqual([]);
    expect(fixed.filter((one) => one.includes('team-a'))).toEqual(['AWS::Events::EventBus Name team-a']);
  });

  it('are not given to what stays after the stack: the next installation of the same prefix could not take them', () => {
    const kept = Object.values(full.Resources).filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain');
    expect(kept.map(({ Type }) => Type).toSorted()).toEqual([
      'AWS::DynamoDB::Table',
      'AWS::S3::Bucket',
      'AWS::SecretsManager::Secret',
      'AWS::SecretsManager::Secret',
      'AWS::SecretsManager::Secret',
    ]);
    for (const { Properties } of kept)
      expect(Object.keys(Properties).filter((key) => /^(?:Name|TableName|BucketName)$/.test(key))).toEqual([]);
  });

  it('of outputs are those that the command line reads', () => {
    expect(
      Object.keys(usual.Outputs)
        .filter((name) => !name.startsWith('Export'))
        .toSorted(),
    ).toEqual(
      [
        'Installation',
        'ApiUrl',
        'WebhookUrl',
        'TableName',
        'BucketName',
        'BusName',
        'KeySecretArn',
        'WebhookSecretArn',
        'GitSecretArn',
        'ReconcileRoleArn',
        'SourceRoleArn',
        'SourceQueueUrl',
        'ReconcileQueueUrl',
        'SourceDlqUrl',
        'ReconcileDlqUrl',
        'EventsDlqUrl',
        ...functionNames.map((name) => `${pascal(name)}Function`),
      ].toSorted(),
    );
  });
});

describe('a network', () => {
  it('is for reconcile only, and its endpoints are made when asked for', () => {
    const inside = ofType(full, 'AWS::Lambda::Function').filter(
      ([, { Properties }]) => Properties['VpcConfig'] !== undefined,
    );
    expect(inside.map(([id]) => id)).toEqual([idOf(full, 'AWS::Lambda::Function', 'Reconcile')]);
    expect(ofType(full, 'AWS::EC2::VPCEndpoint')).toHaveLength(9);
    expect(ofType(usual, 'AWS::EC2::VPCEndpoint')).toEqual([]);
    expect(full.Outputs['InterfaceEndpointsMonthlyPrice']?.Value).toBe('102.20 USD');
  });

  it('opens no port', () => {
    const groups = ofType(full, 'AWS::EC2::SecurityGroup').map(([, { Properties }]) => Properties);
    expect(groups.map((group) => group['SecurityGroupIngress'] ?? [])).toMatchObject([
      [],
      [{ FromPort: 443, ToPort: 443, SourceSecurityGroupId: {} }],
    ]);
    expect(JSON.stringify(groups)).not.toContain('"-1"');
  });
});

describe('the CDK itself', () => {
  it('finds nothing wrong with the template but what is planted', { timeout: 60_000 }, () => {
    const { stack } = stackOf(everything, { validate: true });
    expect(new CfnBucket(stack, 'Bad', { bucketName: 'Bad_Name' }).node.path).toBe('Holdfast/Bad');
    let found = '';
    try {
      templateOf(stack);
    } catch (error) {
      found = String(error);
    }
    expect(found.match(/^.*ERROR .*$/gm)).toEqual([expect.stringContaining('Bad_Name')]);
  });

  it('puts the boundary on every role', () => {
    const roles = ofType(full, 'AWS::IAM::Role').map(([, { Properties }]) => Properties['PermissionsBoundary']);
    expect(roles).toHaveLength(functionNames.length + 2);
    expect(new Set(roles)).toEqual(new Set([everything.permissionsBoundary]));
  });
});
