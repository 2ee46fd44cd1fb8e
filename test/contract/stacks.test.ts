// The contract of CloudFormation on the embedded stacks.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandboxStacks } from '../../lib/adapters/sandbox/stacks/server.ts';
import { stackContract } from './stacks.ts';

stackContract('sandbox stacks', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  const stacks = await startSandboxStacks({ dataDir, stepMs: 10, pageSize: 50 });
  return {
    endpoint: stacks.endpoint,
    region: stacks.region,
    edit: async (stack, logicalId, properties) => {
      stacks.editLiveResource({ stack, logicalId, properties });
    },
    close: async () => {
      await stacks.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
});
