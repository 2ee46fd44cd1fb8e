// Renderers that can only say what they are: where inputs are followed and compared, and rendering is done elsewhere.
import { HoldfastError } from '../../core/errors.ts';
import type { Renderer, RendererKind } from '../../core/render/model.ts';
import { plainRenderer } from './plain.ts';
import { templateRenderer } from './template.ts';

/** What a renderer calls itself that runs the tools of the render function. */
export function remoteVersion(kind: 'kustomize' | 'helm', tools: string): string {
  return `${kind}/1 ${tools}`;
}

/** Versions of all renderers where Kustomize and Helm run with these tools. */
export function describedRenderers(tools: string): Readonly<Record<RendererKind, Renderer>> {
  return {
    plain: plainRenderer(),
    template: templateRenderer(),
    kustomize: described(remoteVersion('kustomize', tools)),
    helm: described(remoteVersion('helm', tools)),
  };
}

function described(version: string): Renderer {
  return {
    version: async () => version,
    render: async () => {
      throw new HoldfastError({
        code: 'RendersElsewhere',
        source: 'system',
        message: 'Nothing is rendered in this function',
      });
    },
  };
}
