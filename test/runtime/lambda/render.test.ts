// The render function: one bundle in, one result out, by addresses that it was given; what fails there is said where people look.
import { describe, expect, it } from 'vitest';
import { memoryBlobs } from '../../../lib/adapters/blob/memory.ts';
import { HoldfastError } from '../../../lib/core/errors.ts';
import type { Bundle, Renderer } from '../../../lib/core/render/model.ts';
import { encodeBundle } from '../../../lib/core/source/bundle.ts';
import { openRender, readRenderRequest } from '../../../lib/runtime/lambda/render.ts';
import { lambdaContext, testBench } from '../../support/lambda.ts';
import { objectAddresses } from '../../support/object-addresses.ts';
import { renderers } from '../../support/render-fixture.ts';
import { appOf } from '../../support/render-tree.ts';

const file = (path: string, text: string) => ({ path, executable: false, bytes: new TextEncoder().encode(text) });

const shop: Bundle = {
  files: [
    file('app/kustomization.yaml', 'namePrefix: prod-\nresources: [config.yaml]\n'),
    file('app/config.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {a: b}\n'),
  ],
};

async function started(kustomize: Renderer = renderers.kustomize) {
  const blobs = memoryBlobs();
  const addresses = await objectAddresses(blobs);
  await blobs.put('bundle', encodeBundle(shop));
  const { bench, lines } = testBench();
  const render = openRender(bench, { kustomize, helm: renderers.helm });
  const request = {
    v: 1,
    kind: 'kustomize',
    app: appOf({ name: 'shop', path: 'app' }),
    input: await addresses.get('bundle'),
    output: await addresses.put('result'),
  };
  const result = async (): Promise<unknown> => JSON.parse(new TextDecoder().decode(await blobs.get('result')));
  const ask = async (over: object = {}) => await render(readRenderRequest({ ...request, ...over }), lambdaContext());
  return { addresses, ask, result, lines, blobs, request };
}

const failing = (error: Error): Renderer => ({
  version: async () => 'x',
  render: async () => {
    throw error;
  },
});

describe('rendering', () => {
  it('reads the bundle and writes what came out', async () => {
    const { ask, result } = await started();
    expect(await ask()).toEqual({ kind: 'desired' });
    expect(await result()).toMatchObject({
      v: 1,
      kind: 'desired',
      desired: { kind: 'kubernetes', objects: [{ object: { kind: 'ConfigMap', metadata: { name: 'prod-shop' } } }] },
    });
  }, 60_000);

  it('that is refused is an answer', async () => {
    const { ask, result, blobs } = await started();
    const broken = { files: [file('app/kustomization.yaml', 'resources: [missing.yaml]\n')] };
    await blobs.put('bundle', encodeBundle(broken));
    expect(await ask()).toEqual({ kind: 'refused' });
    expect(await result()).toMatchObject({ v: 1, kind: 'refused', problems: [{ message: expect.any(String) }] });
  }, 60_000);

  it('that fails for a known reason is an answer', async () => {
    const error = new HoldfastError({ code: 'ToolMissing', source: 'system', message: 'kubectl is missing' });
    const { ask, result } = await started(failing(error));
    expect(await ask()).toEqual({ kind: 'failed' });
    expect(await result()).toEqual({ v: 1, kind: 'failed', failure: error.toFailure() });
  });

  it('that fails by a mistake of ours is an error', async () => {
    const { ask, blobs } = await started(failing(new TypeError('x is not a function')));
    await expect(ask()).rejects.toThrow(TypeError);
    expect(await blobs.has('result')).toBe(false);
  });
});

describe('an address', () => {
  it('that cannot be read is an answer, without the address', async () => {
    const { ask, result, addresses } = await started();
    const wrong = await addresses.put('bundle');
    expect(await ask({ input: wrong })).toEqual({ kind: 'failed' });
    expect(await result()).toMatchObject({
      failure: { code: 'BlobAddressFailed', reason: 'status 403', retryable: true },
    });
    expect(JSON.stringify(await result())).not.toContain(addresses.signature);
  });

  it('that cannot be written is an error, without the address', async () => {
    const { ask, addresses } = await started();
    const error: unknown = await ask({ output: await addresses.get('result') }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'BlobAddressFailed', reason: 'status 403' });
    expect(JSON.stringify((error as HoldfastError).toFailure())).not.toContain(addresses.signature);
  }, 60_000);

  it('where nobody listens is said', async () => {
    const { ask, result } = await started();
    await ask({ input: 'http://127.0.0.1:1/bundle' });
    expect(await result()).toMatchObject({ failure: { code: 'BlobAddressFailed', reason: 'no answer' } });
  });
});

describe('a request', () => {
  const fine = { v: 1, kind: 'helm', input: 'https://a', output: 'https://b', app: { name: 'shop' } };

  it('is read', () => {
    expect(readRenderRequest(fine)).toEqual(fine);
  });

  it.each([
    undefined,
    null,
    'x',
    {},
    { ...fine, v: 2 },
    { ...fine, kind: 'plain' },
    { ...fine, kind: 'constructor' },
    { ...fine, input: 1 },
    { ...fine, output: undefined },
    { ...fine, app: 'shop' },
  ])('is refused when it is none: %j', (request) => {
    expect(() => readRenderRequest(request)).toThrow(expect.objectContaining({ code: 'EventMalformed' }));
  });
});
