// The command line entry.
import { asFailure } from '../lib/core/errors.ts';

process.stdout.write(`${asFailure(new Error('not wired yet')).message}\n`);
