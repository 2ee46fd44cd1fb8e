#!/usr/bin/env node
// Lets `npx holdfast` and a global link work whatever Node the machine has: starts the TypeScript entry on the Node of this package.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const own = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
const entry = fileURLToPath(new URL('./holdfast.ts', import.meta.url));
const child = spawn(existsSync(own) ? own : process.execPath, [entry, ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
});
