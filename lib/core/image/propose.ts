// Image updates of a whole repository: gathers the files that the applications with image rules use, asks for tags, decides.
import type { Application, ImageRule, Problem } from '../config/model.ts';
import { HoldfastError } from '../errors.ts';
import type { Tree } from '../source/tree.ts';
import type { ImageDecision, ImageFile } from './decide.ts';
import { decideImages } from './decide.ts';
import type { ImageRegistry, ImageTag } from './registry.ts';

/** What may hold markers besides the files of an application: the config itself. */
const configFile = 'holdfast.yaml';

/** Only YAML has comments. */
const markable = /\.(?:ya?ml|template)$/i;

/** Decides for all applications at one commit, in one commit. Throws what the tree and the registry throw. */
export async function proposeImages(
  tree: Tree,
  apps: readonly Application[],
  registry: ImageRegistry,
): Promise<ImageDecision> {
  const problems: Problem[] = [];
  const rules = new Map<string, ImageRule[]>();
  const add = (path: string, more: readonly ImageRule[]): void => {
    rules.set(path, [...(rules.get(path) ?? []), ...more]);
  };
  for (const app of apps) {
    if (app.images.length === 0) continue;
    add(configFile, app.images);
    try {
      for (const path of await filesOf(tree, app)) add(path, app.images);
    } catch (error) {
      // One application with a bad link must not keep the images of the others back.
      if (!(error instanceof HoldfastError) || error.source !== 'user') throw error;
      problems.push({ ...app.position, code: error.code, message: error.message });
    }
  }
  const files: ImageFile[] = [];
  for (const [path, applying] of rules) {
    const found = await tree.lookup(path);
    if (found === undefined || found.kind === 'directory') continue;
    files.push({ path, bytes: await tree.bytes(path), rules: applying });
  }
  const tags = await tagsOf(apps, registry, problems);
  const decision = decideImages(files, tags);
  return { ...decision, problems: [...problems, ...decision.problems] };
}

/** Tags by repository. One that its user has to mend is said once, and does not keep the others back. */
async function tagsOf(
  apps: readonly Application[],
  registry: ImageRegistry,
  problems: Problem[],
): Promise<ReadonlyMap<string, readonly ImageTag[]>> {
  const tags = new Map<string, readonly ImageTag[]>();
  for (const app of apps) {
    for (const { repository } of app.images) {
      if (tags.has(repository)) continue;
      tags.set(repository, []);
      try {
        tags.set(repository, await registry.tags(repository));
      } catch (error) {
        if (!(error instanceof HoldfastError) || error.source !== 'user' || error.retryable) throw error;
        problems.push({ ...app.position, code: error.code, message: error.message });
      }
    }
  }
  return tags;
}

/** Real paths of the files that an application is written in: its path, and its values files. */
async function filesOf(tree: Tree, app: Application): Promise<readonly string[]> {
  const paths = new Set<string>();
  for (const path of [app.path, ...app.helm.valuesFiles]) {
    for (const file of (await tree.walk(path)) ?? []) {
      const real = file.target ?? file.path;
      if (markable.test(real)) paths.add(real);
    }
  }
  return [...paths];
}
