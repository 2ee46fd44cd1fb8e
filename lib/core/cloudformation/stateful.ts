// Resource types whose deletion loses data.

const stateful = new Set([
  'AWS::Backup::BackupVault',
  'AWS::CloudFormation::Stack',
  'AWS::Cognito::UserPool',
  'AWS::DocDB::DBCluster',
  'AWS::DocDB::DBInstance',
  'AWS::DynamoDB::GlobalTable',
  'AWS::DynamoDB::Table',
  'AWS::EC2::Volume',
  'AWS::ECR::Repository',
  'AWS::EFS::FileSystem',
  'AWS::ElastiCache::CacheCluster',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::ElastiCache::ServerlessCache',
  'AWS::Elasticsearch::Domain',
  'AWS::FSx::FileSystem',
  'AWS::KMS::Key',
  'AWS::Kinesis::Stream',
  'AWS::Logs::LogGroup',
  'AWS::MSK::Cluster',
  'AWS::MemoryDB::Cluster',
  'AWS::Neptune::DBCluster',
  'AWS::Neptune::DBInstance',
  'AWS::OpenSearchService::Domain',
  'AWS::RDS::DBCluster',
  'AWS::RDS::DBInstance',
  'AWS::RDS::GlobalCluster',
  'AWS::Redshift::Cluster',
  'AWS::S3::Bucket',
  'AWS::S3Express::DirectoryBucket',
  'AWS::SQS::Queue',
  'AWS::SecretsManager::Secret',
  'AWS::Timestream::Database',
  'AWS::Timestream::Table',
]);

/** Whether deleting or replacing a resource of this type loses data. */
export function isStateful(type: string): boolean {
  return stateful.has(type);
}

/** Whether a change to this type can widen somebody's rights. */
export function grantsRights(type: string): boolean {
  return /^AWS::(?:IAM|SSO)::|Policy$|Permission$/.test(type);
}
