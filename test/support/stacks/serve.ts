// The sandbox's stacks in a process of their own, to be killed: `serve.ts DATADIR STEPMS` prints the endpoint.
import { startSandboxStacks } from '../../../lib/adapters/sandbox/stacks/server.ts';

const [dataDir = '', stepMs = '20'] = process.argv.slice(2);
const { endpoint } = await startSandboxStacks({ dataDir, stepMs: Number(stepMs) });
process.stdout.write(`${endpoint}\n`);
