// Invoked by reconcile: Kustomize and Helm, with no rights at all.
import { chain } from '../lib/runtime/lambda/chain.ts';
import { openRender, readRenderRequest } from '../lib/runtime/lambda/render.ts';

export const handler = chain({ name: 'render', read: readRenderRequest }, openRender);
