// The real kubectl as judge of what manifests mean: it reads them offline, by its own parser.
import { spawnSync } from 'node:child_process';
import { createTools } from '../../lib/adapters/render/binaries.ts';
import type { KubeObject } from '../../lib/core/kubernetes/object.ts';

/** kubectl and helm from the npm package, whatever this machine has. */
export const tools = createTools({ env: { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] } });

/** Every object of a file or directory that kubectl can read, as it reads it; what it refuses is in `refused`. */
export async function readByKubectl(
  path: string,
): Promise<{ readonly objects: readonly KubeObject[]; readonly refused: string }> {
  const kubectl = await tools.find('kubectl');
  const args = ['label', '--local', '-f', path, 'oracle=here', '-o', 'json', '-R'];
  const { stdout, stderr } = spawnSync(kubectl.path, args, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  const objects =
    stdout === '' ? [] : stdout.split(/^(?=\{)/m).map((part) => withoutLabel(JSON.parse(part) as KubeObject));
  return { objects, refused: stderr };
}

function withoutLabel(object: KubeObject): KubeObject {
  const { oracle: _, ...labels } = object.metadata.labels ?? {};
  const { labels: __, ...metadata } = object.metadata;
  return { ...object, metadata: Object.keys(labels).length === 0 ? metadata : { ...metadata, labels } };
}
