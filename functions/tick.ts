// Once a minute: rings for what is due.
import { chain } from '../lib/runtime/lambda/chain.ts';
import { openTick } from '../lib/runtime/lambda/tick.ts';

export const handler = chain({ name: 'tick', read: (event) => event }, openTick);
