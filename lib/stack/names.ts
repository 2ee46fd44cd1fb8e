// Names that the stack, its functions and its tests agree on.

/** The functions; each is bundled from `functions/<name>.ts`. */
export const functionNames = [
  'webhook',
  'codecommit',
  'image',
  'tick',
  'source',
  'render',
  'reconcile',
  'stack-event',
  'api',
] as const;

export type FunctionName = (typeof functionNames)[number];

/** Default name prefix of an installation, and its name in marks on objects. */
export const defaultPrefix = 'holdfast';

/** Namespace of the metrics that the functions write through their logs. */
export const metricsNamespace = 'Holdfast';

/** `stack-event` -> `StackEvent`. */
export function pascal(name: string): string {
  return name
    .split('-')
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('');
}
