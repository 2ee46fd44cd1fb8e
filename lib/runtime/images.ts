// Writes image updates back to Git: policy, edit, one commit, push; a push that came too late is decided anew.
import { problemText } from '../core/config/model.ts';
import { HoldfastError } from '../core/errors.ts';
import { proposeImages } from '../core/image/propose.ts';
import { openTree } from '../core/source/tree.ts';
import type { Home } from './home.ts';
import { asJson } from './rows.ts';
import { catalogueOf } from './sources.ts';

/** Tries when somebody else pushes at the same time. */
const attempts = 5;
const author = { name: 'Holdfast', email: 'holdfast@localhost' };

/** `blocked`: the configuration at the head is refused, so that nobody knows which policies there are. */
export interface ImageUpdate {
  readonly kind: 'pushed' | 'nothing' | 'blocked';
}

/** Policies are evaluated at the head as it is now; the event only rang. Throws `GitPushRace` and what the registry and Git throw. */
export async function updateImages(home: Home, signal: AbortSignal): Promise<ImageUpdate> {
  const { source, writer, branch } = home.root;
  if (writer === undefined) return { kind: 'nothing' };
  for (let attempt = 1; attempt <= attempts && !signal.aborted; attempt++) {
    const parent = await source.head(branch);
    if (parent === undefined) return { kind: 'blocked' };
    const tree = openTree(await source.open(parent), home.gitLimits);
    const result = await catalogueOf(tree, home.root.alias);
    if (result.kind === 'refused') return { kind: 'blocked' };
    const decision = await proposeImages(tree, result.catalogue.apps, home.registry);
    for (const problem of decision.problems)
      home.emit({ event: 'problem', at: home.now(), message: problemText(problem), data: asJson(problem) });
    if (decision.edits.length === 0) return { kind: 'nothing' };
    const pushed = await writer.commit({
      branch,
      parent,
      edits: decision.edits,
      message: decision.message,
      author,
      at: home.now(),
    });
    if (pushed.kind === 'pushed') {
      const what = decision.updates.map((update) => `${update.repository}:${update.tag}`);
      home.emit({
        event: 'image-commit',
        at: home.now(),
        message: `committed ${pushed.revision.slice(0, 8)}: ${[...new Set(what)].join(', ')}`,
        data: asJson({ revision: pushed.revision, updates: decision.updates }),
      });
      return { kind: 'pushed' };
    }
    await new Promise((resolve) => setTimeout(resolve, 50 * attempt + 100 * home.random()));
  }
  throw new HoldfastError({
    code: 'GitPushRace',
    source: 'remote',
    message: `The branch ${branch} moved ${attempts} times while an image update was written`,
    retryable: true,
  });
}
