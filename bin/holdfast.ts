#!/usr/bin/env node
// The command line entry: reads argv, ends with the exit code.
import { enableCompileCache } from 'node:module';

// Node writes a warning to stderr when both are set; NO_COLOR wins.
if ((process.env['NO_COLOR'] ?? '') !== '') delete process.env['FORCE_COLOR'];
// Stripped sources are kept between starts: the command line is a third faster from its second run on.
enableCompileCache();
const { main } = await import('../lib/cli/main.ts');
const code = await main(process.argv.slice(2));
// What was written is out (writes wait for the pipe); connections and timers of a command that failed half-way must not keep it alive.
process.exit(code);
