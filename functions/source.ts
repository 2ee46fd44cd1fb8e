// Source queue: one look at a repository.
import { chain } from '../lib/runtime/lambda/chain.ts';
import { openSource } from '../lib/runtime/lambda/source.ts';
import { readQueueEvent } from '../lib/runtime/lambda/records.ts';

export const handler = chain({ name: 'source', read: readQueueEvent }, openSource);
