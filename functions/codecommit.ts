// Events of CodeCommit: rings for the repository.
import { chain } from '../lib/runtime/lambda/chain.ts';
import { openCodecommit } from '../lib/runtime/lambda/codecommit.ts';

export const handler = chain({ name: 'codecommit', read: (event) => event }, openCodecommit);
