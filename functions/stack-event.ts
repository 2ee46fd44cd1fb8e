// Events of CloudFormation: rings for the application that waits for the stack.
import { chain } from '../lib/runtime/lambda/chain.ts';
import { openStackEvent } from '../lib/runtime/lambda/stack-event.ts';

export const handler = chain({ name: 'stack-event', read: (event) => event }, openStackEvent);
