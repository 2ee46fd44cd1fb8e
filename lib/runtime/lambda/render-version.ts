// Which kubectl and helm the render function has: part of every cache key, and known without asking it.

/** Version of the layer package that the stack deploys; a test compares it with what is installed. */
export const layerVersion = '2.0.1';
/** What the renderers of the layer call themselves. */
export const toolsVersion = `kubectl-v36/${layerVersion}`;
