// The render function: fetches one bundle, runs kubectl or helm on it, writes one result. Its role allows nothing, so what a
// repository makes these programs do finds nothing to do it with.
import type { Context } from 'aws-lambda';
import { fetchBytes, storeBytes } from '../../adapters/blob/presigned.ts';
import { createRenderers } from '../../adapters/render/registry.ts';
import { asFailure, HoldfastError } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import type { Renderer, RendererKind } from '../../core/render/model.ts';
import type { RenderAnswer, RenderRequest } from '../../core/render/remote.ts';
import { decodeBundle } from '../../core/source/bundle.ts';
import type { Bench } from './chain.ts';
import { layerTools } from './layer-tools.ts';
import { malformed, slice } from './records.ts';

/** Reads the event. Throws `EventMalformed`. */
export function readRenderRequest(event: unknown): RenderRequest {
  if (!isObject(event) || event['v'] !== 1) throw malformed('it is not a request to render');
  const { kind, input, output, app } = event;
  const fine = (kind === 'kustomize' || kind === 'helm') && typeof input === 'string' && typeof output === 'string';
  if (!fine || !isObject(app)) throw malformed('it is not a request to render');
  return event as unknown as RenderRequest;
}

/** Opens the function. */
export function openRender(
  { logger }: Pick<Bench, 'logger'>,
  renderers: Pick<Readonly<Record<RendererKind, Renderer>>, RenderRequest['kind']> = createRenderers({
    env: layerTools(process.env),
    cacheDirectory: '/tmp/holdfast',
  }),
): (request: RenderRequest, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<{ readonly kind: string }> {
  return async (request, context) => {
    const { kind, input, output, app, kubeVersion, apiVersions, enableHelm } = request;
    const signal = slice(context);
    const answer = await tried(async () => {
      const bundle = decodeBundle(await fetchBytes(input, signal));
      const result = await renderers[kind].render(bundle, {
        app,
        signal,
        ...(kubeVersion === undefined ? {} : { kubeVersion }),
        ...(apiVersions === undefined ? {} : { apiVersions }),
        ...(enableHelm === undefined ? {} : { enableHelm }),
      });
      return { v: 1, ...result };
    });
    await storeBytes(output, new TextEncoder().encode(JSON.stringify(answer)), signal);
    logger.info(`${app.name}: ${answer.kind}`, { app: app.name, renderer: kind });
    return { kind: answer.kind };
  };
}

/** A fault of ours is an answer too: the one who asked says it where people look. */
async function tried(work: () => Promise<RenderAnswer>): Promise<RenderAnswer> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return { v: 1, kind: 'failed', failure: asFailure(error) };
  }
}
