// Where kubectl and helm are: as named, in /opt, or where an emulator unpacked the layer.
import { expect, it } from 'vitest';
import { layerTools } from '../../../lib/runtime/lambda/layer-tools.ts';

const named = { HOLDFAST_KUBECTL: '/opt/kubectl/kubectl', HOLDFAST_HELM: '/opt/helm/helm', OTHER: 'kept' };
const having =
  (...files: readonly string[]) =>
  (file: string) =>
    files.includes(file);

it('are where they are named', () => {
  expect(layerTools(named, having('/opt/kubectl/kubectl', '/opt/helm/helm'))).toEqual(named);
});

it('are in /opt when nothing names them', () => {
  expect(layerTools({}, having('/opt/helm/helm'))).toEqual({ HOLDFAST_HELM: '/opt/helm/helm' });
});

it('are in the first unpacked layer that has them, when they are not where they are named', () => {
  const env = { ...named, _LAMBDA_LAYERS_DIRS: '/layers/a:/layers/b:' };
  expect(layerTools(env, having('/layers/b/kubectl/kubectl', '/layers/a/helm/helm', '/layers/b/helm/helm'))).toEqual({
    ...env,
    HOLDFAST_KUBECTL: '/layers/b/kubectl/kubectl',
    HOLDFAST_HELM: '/layers/a/helm/helm',
  });
});

it('stay as they are named when they are nowhere: whoever runs them says what is missing', () => {
  expect(layerTools(named, having())).toEqual(named);
});
