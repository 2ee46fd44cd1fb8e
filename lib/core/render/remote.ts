// What goes to a renderer in another function and what comes back: two addresses and the options in, one document out.
import type { Application, Problem } from '../config/model.ts';
import type { Failure } from '../errors.ts';
import type { Desired } from './model.ts';

/** The event of the render function. It gets no more than this: each address is good for one object and a short time. */
export interface RenderRequest {
  readonly v: 1;
  readonly kind: 'kustomize' | 'helm';
  /** Where the inputs bundle can be read. */
  readonly input: string;
  /** Where the result is to be written. */
  readonly output: string;
  readonly app: Application;
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
  readonly enableHelm?: boolean;
}

/** What the render function writes. It is checked as anything that a stranger wrote. */
export type RenderAnswer =
  | { readonly v: 1; readonly kind: 'desired'; readonly desired: Desired; readonly warnings: readonly Problem[] }
  | { readonly v: 1; readonly kind: 'refused'; readonly problems: readonly Problem[] }
  | { readonly v: 1; readonly kind: 'failed'; readonly failure: Failure };
