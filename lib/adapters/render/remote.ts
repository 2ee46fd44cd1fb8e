// Kustomize and Helm in the render function, which has no rights: it reads one object and writes one, by addresses made for it.
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { HoldfastError } from '../../core/errors.ts';
import { isObject, type Json } from '../../core/json.ts';
import type { Renderer, RendererKind, RenderOptions, RenderResult } from '../../core/render/model.ts';
import type { RenderAnswer, RenderRequest } from '../../core/render/remote.ts';
import type { Blobs } from '../../core/reconcile/store.ts';
import { decodeUtf8 } from '../../core/text.ts';
import { remoteVersion } from './described.ts';
import { plainRenderer } from './plain.ts';
import { templateRenderer } from './template.ts';

export interface RemoteOptions {
  readonly client: LambdaClient;
  readonly functionName: string;
  /** Addresses that are good for one object, `seconds` long. */
  readonly presign: {
    readonly get: (key: string, seconds: number) => Promise<string>;
    readonly put: (key: string, seconds: number) => Promise<string>;
  };
  readonly blobs: Blobs;
  /** Version of the tools that the function has. */
  readonly tools: string;
  readonly newId: () => string;
}

/** Longer than the function may run. */
const addressSeconds = 120;
/** Longest result, bytes: what the tools may print, and as much again for how it is written. */
const mostBytes = 128 * 1024 * 1024;
/** What the runner itself says of a lease, a stop or lost state, and acts on: nobody else may. */
const reserved: ReadonlySet<string> = new Set(['LeaseLost', 'Stopped', 'Interrupted', 'PlanLost', 'StateTooNew']);

/** Plain YAML and templates are only parsed, and that is done here; the tools run elsewhere. */
export function remoteRenderers(options: RemoteOptions): Readonly<Record<RendererKind, Renderer>> {
  return {
    plain: plainRenderer(),
    template: templateRenderer(),
    kustomize: remote('kustomize', options),
    helm: remote('helm', options),
  };
}

function remote(kind: 'kustomize' | 'helm', options: RemoteOptions): Renderer {
  return {
    version: async () => remoteVersion(kind, options.tools),
    render: async (_bundle, given) => await renderThere(kind, given, options),
  };
}

async function renderThere(
  kind: 'kustomize' | 'helm',
  given: RenderOptions,
  { client, functionName, presign, blobs, newId }: RemoteOptions,
): Promise<RenderResult> {
  const { app, kubeVersion, apiVersions, enableHelm, bundleKey, signal } = given;
  if (bundleKey === undefined) throw faulty('the bundle is not kept anywhere');
  const result = `render/${newId()}`;
  const request: RenderRequest = {
    v: 1,
    kind,
    input: await presign.get(bundleKey, addressSeconds),
    output: await presign.put(result, addressSeconds),
    app,
    ...(kubeVersion === undefined ? {} : { kubeVersion }),
    ...(apiVersions === undefined ? {} : { apiVersions }),
    ...(enableHelm === undefined ? {} : { enableHelm }),
  };
  await invoke(client, functionName, request, signal);
  const bytes = await blobs.get(result);
  if (bytes === undefined) throw faulty('it wrote no result');
  // What is left lying is collected later, and no reason to render again.
  await blobs.delete(result).catch(() => undefined);
  return resultOf(bytes);
}

async function invoke(
  client: LambdaClient,
  functionName: string,
  request: RenderRequest,
  signal: AbortSignal | undefined,
): Promise<void> {
  let error: string | undefined;
  try {
    const command = new InvokeCommand({
      FunctionName: functionName,
      Payload: new TextEncoder().encode(JSON.stringify(request)),
    });
    const answer = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
    if (answer.FunctionError !== undefined) error = describe(answer.Payload);
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : 'no answer';
    throw faulty(name === 'TooManyRequestsException' ? 'too many renderings run at once' : name, cause);
  }
  if (error !== undefined) throw faulty(error);
}

/** What Lambda says of a function that failed: `{errorType, errorMessage}`. */
function describe(payload: Uint8Array | undefined): string {
  const value = parse(payload ?? new Uint8Array());
  const text = (name: string): string => {
    const found = isObject(value) ? value[name] : undefined;
    // An address holds a signature; whoever has it reads the inputs.
    return typeof found === 'string' ? found.replaceAll(/https?:\/\/\S*/g, 'ADDRESS').slice(0, 300) : '';
  };
  return `${text('errorType')}: ${text('errorMessage')}`;
}

function parse(bytes: Uint8Array): Json | undefined {
  try {
    return JSON.parse(decodeUtf8(bytes)) as Json;
  } catch {
    return undefined;
  }
}

function resultOf(bytes: Uint8Array): RenderResult {
  if (bytes.length > mostBytes) throw faulty('its result is too large');
  const value = parse(bytes);
  if (!isObject(value) || value['v'] !== 1) throw faulty('its result cannot be read');
  const answer = value as unknown as RenderAnswer;
  if (answer.kind === 'failed' && isFailure(answer.failure)) throw new HoldfastError(answer.failure);
  if (answer.kind === 'refused' && areProblems(answer.problems)) return { kind: 'refused', problems: answer.problems };
  if (answer.kind === 'desired' && isKubernetes(answer.desired) && areProblems(answer.warnings ?? []))
    return { kind: 'desired', desired: answer.desired, warnings: answer.warnings ?? [] };
  throw faulty('its result cannot be read');
}

function isFailure(failure: unknown): boolean {
  if (!isObject(failure)) return false;
  const { code, source, message, object, reason, next } = failure;
  if (typeof code !== 'string' || typeof message !== 'string' || reserved.has(code)) return false;
  if (![object, reason, next].every((one) => one === undefined || typeof one === 'string')) return false;
  return source === 'user' || source === 'system' || source === 'remote';
}

function areProblems(problems: unknown): boolean {
  return Array.isArray(problems) && problems.every((one) => isObject(one) && typeof one['message'] === 'string');
}

/** Whoever wrote the result ran what a repository says: it is not believed to have the right shape. */
function isKubernetes(desired: unknown): boolean {
  if (!isObject(desired) || desired['kind'] !== 'kubernetes') return false;
  const lists = [desired['objects'], desired['hooks']];
  return lists.every(
    (list) =>
      Array.isArray(list) && list.every((one) => isObject(one) && isObject(one['object']) && isObject(one['source'])),
  );
}

function faulty(reason: string, cause?: unknown): HoldfastError {
  return new HoldfastError({
    code: 'RenderFunctionFailed',
    source: 'system',
    message: 'The render function did not answer as it should',
    reason,
    retryable: true,
    next: 'Look at the log of the render function',
    ...(cause === undefined ? {} : { cause }),
  });
}
