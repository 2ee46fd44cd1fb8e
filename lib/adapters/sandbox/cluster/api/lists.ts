// Lists: selected, paged, and written from the stored texts without building the objects again.
import { randomUUID } from 'node:crypto';
import { qualifiedName } from '../kinds/resource.ts';
import type { Stored } from '../store/objects.ts';
import type { Cluster } from './cluster.ts';
import { type Form, listText } from './forms.ts';
import { numberOption } from './options.ts';
import type { ResourcePath } from './resource-path.ts';
import { fieldSelector, labelSelector, type Selector } from './selectors.ts';
import { badRequest, expired } from './status.ts';

/** How long a list can be continued, and how many unfinished ones are remembered. */
const PAGE_LIFE_MS = 5 * 60_000;
const OPEN_LISTS = 256;

interface OpenList {
  readonly rest: readonly Stored[];
  readonly version: number;
  readonly selected: boolean;
  readonly until: number;
}

/** Which objects a query selects. */
export function selectorOf(query: URLSearchParams, kind: string): Selector | undefined {
  const labels = query.get('labelSelector') ?? '';
  const fields = query.get('fieldSelector') ?? '';
  if (labels === '' && fields === '') return undefined;
  const byLabel = labelSelector(labels);
  const byField = fieldSelector(fields, kind);
  return (object) => byLabel(object) && byField(object);
}

/** Answers list requests. The rest of a paged list is the state at its first page, as on the real server. */
export class Lists {
  readonly #open = new Map<string, OpenList>();
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The JSON text of a list. */
  list(path: ResourcePath, query: URLSearchParams, form: Form): string {
    const limit = numberOption(query, 'limit') ?? 0;
    const token = query.get('continue') ?? '';
    const { rest, version, selected } = token === '' ? this.#begin(path, query) : this.#resume(token);
    const page = limit === 0 ? rest : rest.slice(0, limit);
    const remaining = rest.length - page.length;
    const metadata = {
      resourceVersion: String(version),
      ...(remaining === 0 ? {} : { continue: this.#keep({ rest: rest.slice(limit), version, selected }) }),
      // With a selector the server does not know how many are left.
      ...(remaining === 0 || selected ? {} : { remainingItemCount: remaining }),
    };
    return listText(path, { form, metadata, now: this.#cluster.now() }, page);
  }

  #begin(path: ResourcePath, query: URLSearchParams): Omit<OpenList, 'until'> {
    const shelf = qualifiedName(path.resource);
    const all = this.#cluster.store.list(shelf, path.namespace === '' ? undefined : path.namespace);
    const wanted = selectorOf(query, path.resource.kind);
    const rest = wanted === undefined ? all : all.filter(({ object }) => wanted(object));
    return { rest, version: this.#cluster.store.version, selected: wanted !== undefined };
  }

  #resume(token: string): OpenList {
    const id = Buffer.from(token, 'base64url').toString();
    if (!/^page:[0-9a-f-]{36}$/.test(id))
      throw badRequest('invalid continue token: continue key is not valid: encoded continue token has invalid format');
    const open = this.#open.get(id);
    if (open === undefined || open.until < this.#cluster.now()) {
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
      );
    }
    return open;
  }

  #keep(list: Omit<OpenList, 'until'>): string {
    const id = `page:${randomUUID()}`;
    this.#open.set(id, { ...list, until: this.#cluster.now() + PAGE_LIFE_MS });
    const [oldest] = this.#open.keys();
    if (this.#open.size > OPEN_LISTS && oldest !== undefined) this.#open.delete(oldest);
    return Buffer.from(id).toString('base64url');
  }
}
