// Rendering in another function: what it is given, what it may answer, and that nothing it answers is believed unread.
import { describe, expect, it } from 'vitest';
import { memoryBlobs } from '../../../lib/adapters/blob/memory.ts';
import { remoteRenderers } from '../../../lib/adapters/render/remote.ts';
import { HoldfastError } from '../../../lib/core/errors.ts';
import type { RenderRequest } from '../../../lib/core/render/remote.ts';
import { startFakeLambda } from '../../support/aws/fake-lambda.ts';
import { appOf } from '../../support/render-tree.ts';

const app = appOf({ name: 'shop', path: 'app' });
const secretAddress = 'https://bucket.s3.amazonaws.com/x?X-Amz-Signature=deadbeef&X-Amz-Security-Token=token';

/** The render function answers with this; `undefined` writes nothing. */
async function answering(answer: unknown) {
  const lambda = await startFakeLambda();
  const blobs = memoryBlobs();
  const renderers = remoteRenderers({
    client: lambda.client,
    functionName: 'holdfast-render',
    presign: { get: async (key, seconds) => `get ${key} ${seconds}`, put: async (key) => `put ${key}` },
    blobs,
    tools: 'kubectl-v36/2',
    newId: () => 'id-1',
  });
  lambda.functions.set('holdfast-render', async (event) => {
    if (answer instanceof Error) throw answer;
    if (answer === undefined) return undefined;
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    await blobs.put((event as RenderRequest).output.replace('put ', ''), new TextEncoder().encode(text));
    return { kind: 'x' };
  });
  const render = async (over: object = {}) =>
    await renderers.kustomize.render({ files: [] }, { app, bundleKey: 'bundle/1', ...over });
  return { lambda, blobs, renderers, render };
}

const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
const desired = { kind: 'kubernetes', objects: [{ object, source: { file: 'a.yaml', line: 1 } }], hooks: [] };

describe('the render function', () => {
  it('is given two addresses and the options, and its result is taken and removed', async () => {
    const { lambda, blobs, render } = await answering({ v: 1, kind: 'desired', desired, warnings: [] });
    const options = { kubeVersion: '1.36', apiVersions: ['apps/v1'], enableHelm: true };
    expect(await render(options)).toEqual({ kind: 'desired', desired, warnings: [] });
    expect(lambda.events).toEqual([
      { v: 1, kind: 'kustomize', input: 'get bundle/1 120', output: 'put render/id-1', app, ...options },
    ]);
    expect(await blobs.list('render/')).toEqual([]);
  });

  it('may refuse', async () => {
    const problems = [{ code: 'KustomizeFailed', message: 'no', file: 'a.yaml', line: 1, column: 1 }];
    const { render } = await answering({ v: 1, kind: 'refused', problems });
    expect(await render()).toEqual({ kind: 'refused', problems });
  });

  it('may fail for a reason that it says', async () => {
    const failure = new HoldfastError({ code: 'ToolMissing', source: 'system', message: 'no kubectl' }).toFailure();
    const { render } = await answering({ v: 1, kind: 'failed', failure });
    await expect(render()).rejects.toMatchObject({ code: 'ToolMissing', message: 'no kubectl' });
  });

  it('that is busy is asked again', async () => {
    const { lambda, render } = await answering({ v: 1, kind: 'desired', desired });
    lambda.throttled = 1;
    expect(await render()).toEqual({ kind: 'desired', desired, warnings: [] });
  });

  it('that stays busy is said, and tried later', async () => {
    const { lambda, render } = await answering({ v: 1, kind: 'desired', desired });
    lambda.throttled = 5;
    await expect(render()).rejects.toMatchObject({
      code: 'RenderFunctionFailed',
      reason: 'too many renderings run at once',
      retryable: true,
    });
  });

  it('that is gone is said', async () => {
    const { lambda, render } = await answering(undefined);
    lambda.functions.clear();
    await expect(render()).rejects.toMatchObject({
      code: 'RenderFunctionFailed',
      reason: 'ResourceNotFoundException',
    });
  });

  it('that breaks is said, without the addresses', async () => {
    const { render } = await answering(new TypeError(`fetch of ${secretAddress} failed`));
    const error: unknown = await render().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'RenderFunctionFailed', reason: 'TypeError: fetch of ADDRESS failed' });
    expect(JSON.stringify((error as HoldfastError).toFailure())).not.toContain('deadbeef');
  });

  it('that wrote nothing is said', async () => {
    const { render } = await answering(undefined);
    await expect(render()).rejects.toMatchObject({ code: 'RenderFunctionFailed', reason: 'it wrote no result' });
  });

  it('is not waited for when nobody does any more', async () => {
    const { render } = await answering({ v: 1, kind: 'desired', desired });
    await expect(render({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'RenderFunctionFailed' });
  });

  it('is not asked for a bundle that is kept nowhere', async () => {
    const { lambda, render } = await answering({ v: 1, kind: 'desired', desired });
    await expect(render({ bundleKey: undefined })).rejects.toMatchObject({ code: 'RenderFunctionFailed' });
    expect(lambda.events).toEqual([]);
  });
});

describe('a forged result', () => {
  const failure = { code: 'X', source: 'user', message: 'x', retryable: false };
  it.each([
    ['no JSON', 'x'],
    ['no text', '\u0000'],
    ['nothing', 'null'],
    ['another version', { v: 2, kind: 'desired', desired }],
    ['another kind', { v: 1, kind: 'constructor' }],
    ['no kind', { v: 1 }],
    ['nothing desired', { v: 1, kind: 'desired' }],
    ['a stack', { v: 1, kind: 'desired', desired: { ...desired, kind: 'stack' } }],
    ['objects that are none', { v: 1, kind: 'desired', desired: { ...desired, objects: [null] } }],
    ['an object without a place', { v: 1, kind: 'desired', desired: { ...desired, objects: [{ object }] } }],
    ['no hooks', { v: 1, kind: 'desired', desired: { kind: 'kubernetes', objects: [] } }],
    ['warnings that are none', { v: 1, kind: 'desired', desired, warnings: [1] }],
    ['a warning of another form', { v: 1, kind: 'desired', desired, warnings: 'x' }],
    ['problems that are none', { v: 1, kind: 'refused', problems: 'x' }],
    ['a problem without words', { v: 1, kind: 'refused', problems: [{}] }],
    ['no failure', { v: 1, kind: 'failed' }],
    ['a failure without words', { v: 1, kind: 'failed', failure: { ...failure, message: { a: 1 } } }],
    ['a failure of nobody', { v: 1, kind: 'failed', failure: { ...failure, source: 'admin' } }],
    ['that the lease was lost', { v: 1, kind: 'failed', failure: { ...failure, code: 'LeaseLost' } }],
    ['that the runner was stopped', { v: 1, kind: 'failed', failure: { ...failure, code: 'Stopped' } }],
    ['a failure with an odd reason', { v: 1, kind: 'failed', failure: { ...failure, reason: 1 } }],
  ])('%s is not taken', async (_what, answer) => {
    const { render } = await answering(answer);
    await expect(render()).rejects.toMatchObject({
      code: 'RenderFunctionFailed',
      reason: 'its result cannot be read',
      retryable: true,
    });
  });
});

it('plain files and templates are read here', async () => {
  const { lambda, renderers } = await answering(undefined);
  expect(await renderers.kustomize.version()).toContain('kubectl-v36/2');
  const bytes = new TextEncoder().encode('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n');
  const files = [{ path: 'app/a.yaml', executable: false, bytes }];
  expect(await renderers.plain.render({ files }, { app })).toMatchObject({ kind: 'desired' });
  expect(lambda.events).toEqual([]);
});
