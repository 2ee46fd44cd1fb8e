// The renderers by kind. Adding one is a file and a line here.
import type { Renderer, RendererKind } from '../../core/render/model.ts';
import { createTools, type ToolsOptions } from './binaries.ts';
import { helmRenderer } from './helm.ts';
import { kustomizeRenderer } from './kustomize.ts';
import { plainRenderer } from './plain.ts';
import { templateRenderer } from './template.ts';

/** All renderers. Programs are looked for when the first application needs them; `env` is the process's by default. */
export function createRenderers(
  options: ToolsOptions = { env: process.env },
): Readonly<Record<RendererKind, Renderer>> {
  const tools = createTools(options);
  return {
    plain: plainRenderer(),
    template: templateRenderer(),
    kustomize: kustomizeRenderer(tools),
    helm: helmRenderer(tools),
  };
}
