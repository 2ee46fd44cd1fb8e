// A sandbox cluster in a process of its own, so that a test can kill it. Prints one line when it serves.
import { startSandboxCluster } from '../../../../lib/adapters/sandbox/cluster/server.ts';

const [dataDir = ''] = process.argv.slice(2);
const { url, caPem, token } = await startSandboxCluster({ dataDir });
process.stdout.write(`${JSON.stringify({ url, caPem, token })}\n`);
