// Before the tests against real parts: makes each part that is missing, or says why that cannot be done. Nothing is skipped.
import { HoldfastError } from '../../../lib/core/errors.ts';
import { ensureCfnLint } from '../aws/cfn-lint/lint.ts';
import { ensureMinistack } from '../aws/ministack/install.ts';
import { ensureDynamoDbLocal } from '../aws/dynamodb-local/build.ts';
import { ensureTestkube } from '../cluster/build.ts';
import { ensureKubectl } from './kubectl.ts';

type Progress = (line: string) => void;

/** What the real tests need; each is made at most once and kept in the cache. */
const parts: readonly (readonly [name: string, ensure: (progress: Progress) => Promise<string>])[] = [
  ['kubectl', ensureKubectl],
  ['kube-apiserver, etcd and controllers', ensureTestkube],
  ['DynamoDB Local', ensureDynamoDbLocal],
  ['MiniStack', ensureMinistack],
  ['cfn-lint', ensureCfnLint],
];

for (const [name, ensure] of parts) {
  const progress = (line: string) => process.stderr.write(`${name}: ${line}\n`);
  try {
    progress(await ensure(progress));
  } catch (error) {
    const failure = error instanceof HoldfastError ? error : undefined;
    progress(error instanceof Error ? error.message : String(error));
    if (failure?.reason !== undefined) progress(failure.reason);
    if (failure?.next !== undefined) progress(`next: ${failure.next}`);
    process.exitCode = 2;
  }
}
