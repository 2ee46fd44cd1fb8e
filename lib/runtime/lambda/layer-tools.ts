// Where the layer's programs are: in /opt on AWS; emulators unpack layers elsewhere and say where.
import { existsSync } from 'node:fs';
import path from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with HOLDFAST_KUBECTL and HOLDFAST_HELM naming programs that are there. */
export function layerTools(env: Environment, exists: (file: string) => boolean = existsSync): Environment {
  return {
    ...env,
    ...place('HOLDFAST_KUBECTL', 'kubectl', env, exists),
    ...place('HOLDFAST_HELM', 'helm', env, exists),
  };
}

function place(variable: string, tool: string, env: Environment, exists: (file: string) => boolean): Environment {
  const named = env[variable];
  if (named !== undefined && exists(named)) return {};
  const layers = ['/opt', ...(env['_LAMBDA_LAYERS_DIRS'] ?? '').split(path.delimiter)].filter((one) => one !== '');
  const found = layers.map((layer) => path.join(layer, tool, tool)).find((file) => exists(file));
  return found === undefined ? {} : { [variable]: found };
}
