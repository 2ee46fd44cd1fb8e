// Everything that could change a rendering changes its key; nothing else does.
import { expect, test } from 'vitest';
import type { Application } from '../../../lib/core/config/model.ts';
import { inputsKey, type InputsKeyParts } from '../../../lib/core/render/inputs-key.ts';
import { appOf, sha256 } from '../../support/render-tree.ts';

const parts: InputsKeyParts = {
  app: appOf(),
  roots: { a: '1' },
  renderer: 'helm',
  rendererVersion: 'v1',
  hash: sha256,
};
const key = inputsKey(parts);
const withApp = (changes: Partial<Application>): string => inputsKey({ ...parts, app: appOf(changes) });

test.each([
  ['roots', inputsKey({ ...parts, roots: { a: '2' } })],
  ['an absent root', inputsKey({ ...parts, roots: { a: '1', b: 'absent' } })],
  ['renderer', inputsKey({ ...parts, renderer: 'plain' })],
  ['renderer version', inputsKey({ ...parts, rendererVersion: 'v2' })],
  ['cluster version', inputsKey({ ...parts, kubeVersion: '1.36' })],
  ['API list', inputsKey({ ...parts, apiVersions: [] })],
  ['name', withApp({ name: 'other' })],
  ['path', withApp({ path: 'other' })],
  ['namespace', withApp({ namespace: 'x' })],
  ['exclude', withApp({ exclude: ['x'] })],
  ['recurse', withApp({ recurse: false })],
  ['values files', withApp({ helm: { valuesFiles: ['x'], values: {} } })],
  ['values', withApp({ helm: { valuesFiles: [], values: { a: 1 } } })],
  ['stack', withApp({ stack: { name: 's', parameters: {}, tags: {}, capabilities: [] } })],
])('%s changes the key', (_, other) => expect(other).not.toBe(key));

test.each([
  ['sync', withApp({ sync: { auto: false, selfHeal: true } })],
  ['position', withApp({ position: { file: 'x', line: 9, column: 9 } })],
  ['drift', withApp({ drift: { everyMs: 1 } })],
])('%s does not', (_, other) => expect(other).toBe(key));
