// Watches: the changes of one kind as a stream of lines.
import { textAt } from '../json.ts';
import { apiVersionOf, qualifiedName } from '../kinds/resource.ts';
import type { ChangeEvent } from '../store/objects.ts';
import type { Cluster } from './cluster.ts';
import { formOf, objectText } from './forms.ts';
import { selectorOf } from './lists.ts';
import { numberOption } from './options.ts';
import type { ResourcePath } from './resource-path.ts';
import { expired } from './status.ts';

/** Receives lines until it is closed. */
export interface WatchSink {
  readonly write: (line: string) => void;
  readonly end: () => void;
}

/** What of a request matters to a watch. */
export interface Asked {
  readonly query: URLSearchParams;
  readonly accept: string;
}

const DEFAULT_SECONDS = 30 * 60;

/** Starts a watch; the returned function ends it. */
export function startWatch(
  cluster: Cluster,
  path: ResourcePath,
  { query, accept }: Asked,
  sink: WatchSink,
): () => void {
  const form = formOf(accept);
  const shelf = qualifiedName(path.resource);
  const wanted = selectorOf(query, path.resource.kind);
  const from = numberOption(query, 'resourceVersion') ?? 0;
  const send = (event: ChangeEvent): void => {
    const { stored, previous } = event;
    if (stored.shelf !== shelf) return;
    if (path.namespace !== '' && textAt(stored.object, 'metadata', 'namespace') !== path.namespace) return;
    if (path.name !== '' && textAt(stored.object, 'metadata', 'name') !== path.name) return;
    const type = seenAs(
      event.type,
      wanted?.(stored.object) ?? true,
      previous !== undefined && (wanted?.(previous.object) ?? true),
    );
    if (type !== undefined)
      sink.write(`{"type":"${type}","object":${objectText(path, stored, { form, now: cluster.now() })}}\n`);
  };
  const initial = query.get('sendInitialEvents') === 'true';
  if (from === 0 || initial) {
    for (const stored of cluster.store.list(shelf)) send({ type: 'ADDED', stored, previous: undefined });
    if (initial) sink.write(bookmark(path, cluster.store.version));
  } else {
    const missed = cluster.store.since(from);
    if (missed === undefined) {
      const refusal = expired(`too old resource version: ${from} (${cluster.store.version})`);
      sink.write(`{"type":"ERROR","object":${JSON.stringify(refusal.body)}}\n`);
      sink.end();
      return () => undefined;
    }
    missed.forEach(send);
  }
  const unsubscribe = cluster.store.subscribe(send);
  const seconds = numberOption(query, 'timeoutSeconds') ?? DEFAULT_SECONDS;
  const timer = setTimeout(() => {
    unsubscribe();
    sink.end();
  }, seconds * 1000);
  timer.unref();
  return () => {
    clearTimeout(timer);
    unsubscribe();
  };
}

/** An object that begins or ceases to match the selector appears or disappears to the watcher. */
function seenAs(type: ChangeEvent['type'], matches: boolean, matched: boolean): ChangeEvent['type'] | undefined {
  if (type === 'DELETED') return matched || matches ? 'DELETED' : undefined;
  if (matches) return matched ? type : 'ADDED';
  return matched ? 'DELETED' : undefined;
}

function bookmark({ resource }: ResourcePath, version: number): string {
  const object = {
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: { resourceVersion: String(version), annotations: { 'k8s.io/initial-events-end': 'true' } },
  };
  return `${JSON.stringify({ type: 'BOOKMARK', object })}\n`;
}
