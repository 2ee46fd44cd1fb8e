// Events of ECR: rings for repositories that follow the image.
import { chain } from '../lib/runtime/lambda/chain.ts';
import { openImage } from '../lib/runtime/lambda/image.ts';

export const handler = chain({ name: 'image', read: (event) => event }, openImage);
