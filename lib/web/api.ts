// /api: what the state is, and a person's word. A word is written down and rung for; the reconciler does the rest.
import { type Context, Hono } from 'hono';
import { nearest } from '../core/config/nearest.ts';
import { isObject } from '../core/json.ts';
import type { IntentChange } from '../core/reconcile/rows.ts';
import type { Row } from '../core/reconcile/store.ts';
import type { Trigger } from '../core/trigger/model.ts';
import { badMember, pageSize, readVerbBody } from './asked.ts';
import { letterRoutes } from './letters.ts';
import type { ApiOptions } from './options.ts';
import { Refusal } from './problem.ts';
import type { AppName, VerbDocument } from './views.ts';

/** Routes below `/api`, without the check of the token. */
export function apiRoutes(options: ApiOptions): Hono {
  const { views } = options;
  const routes = new Hono();
  routes.get('/status', async (c) => c.json(await views.status()));
  routes.get('/drift', async (c) => c.json(await views.drift()));
  routes.on('GET', of('/drift'), async (c) => c.json(await views.drift(await named(options, appIn(c)))));
  routes.on('GET', of('/history'), async (c) => {
    const app = await oneApp(options, appIn(c));
    return c.json(await views.history(app.id, pageSize(c.req.query('limit'))));
  });
  // After what is asked of an application: `alias/name` has as many parts as `name/drift`.
  routes.on('GET', of(), async (c) => c.json(await views.status(await named(options, appIn(c)))));
  verbRoutes(routes, options);
  letterRoutes(routes, options);
  return routes;
}

/** Paths of an application: by name, and by id with its `/` encoded or, where somebody on the way has decoded it, as it is. */
function of(rest = ''): string[] {
  return [`/apps/:name${rest}`, `/apps/:alias/:name${rest}`];
}

function appIn(c: Context): string {
  const alias = c.req.param('alias');
  const name = c.req.param('name') ?? '';
  return alias === undefined ? name : `${alias}/${name}`;
}

function verbRoutes(routes: Hono, options: ApiOptions): void {
  routes.on('POST', of('/sync'), async (c) => {
    const body = await readVerbBody(c.req.raw, ['prune']);
    if (body['prune'] !== undefined && typeof body['prune'] !== 'boolean') throw badMember('prune', 'true or false');
    const app = await oneApp(options, appIn(c));
    const row = await options.store.read(`app/${app.id}`);
    // The head may have moved since the last look, and nobody else may have said so.
    await ring(options, `repo/${app.id.split('/')[0] ?? ''}`, 'source', (key, trigger) =>
      options.store.hint(key, trigger),
    );
    const prune = body['prune'] === true ? { prune: true } : {};
    await intend(options, app, { sync: nextSync(row), pin: undefined, ...prune });
    const held = row?.intent.suspended === true;
    const message = held
      ? `${app.name} is suspended: it is looked at, and written to after \`holdfast resume ${app.name}\``
      : `${app.name}: a run begins; \`holdfast status ${app.name}\` shows it`;
    return c.json({ schemaVersion: 1, app: app.name, message } satisfies VerbDocument, 202);
  });
  routes.on('POST', of('/suspend'), async (c) => {
    await readVerbBody(c.req.raw, []);
    const app = await oneApp(options, appIn(c));
    await intend(options, app, { suspended: true });
    const message = `${app.name} is suspended: nothing is written until \`holdfast resume ${app.name}\`; drift is still reported`;
    return c.json({ schemaVersion: 1, app: app.name, message } satisfies VerbDocument, 202);
  });
  routes.on('POST', of('/resume'), async (c) => {
    await readVerbBody(c.req.raw, []);
    const app = await oneApp(options, appIn(c));
    await intend(options, app, { suspended: undefined, pin: undefined });
    return c.json(
      { schemaVersion: 1, app: app.name, message: `${app.name} follows Git again` } satisfies VerbDocument,
      202,
    );
  });
  routes.on('POST', of('/rollback'), async (c) => {
    const { to } = await readVerbBody(c.req.raw, ['to']);
    if (to !== undefined && (typeof to !== 'string' || to === '')) throw badMember('to', 'the id of a run');
    const app = await oneApp(options, appIn(c));
    const choice = await options.views.rollbackChoice(app.id, to);
    if (choice.kind === 'none') {
      const hint = choice.hint ?? `holdfast history ${app.name}`;
      throw new Refusal(409, { code: 'RollbackImpossible', message: choice.message, hint });
    }
    await intend(options, app, { pin: choice.run });
    const back = `\`holdfast resume ${app.name}\``;
    const message = `${app.name} goes back to run ${choice.run} (${choice.revision.slice(0, 8)}) and stays there until ${back}`;
    return c.json({ schemaVersion: 1, app: app.name, message } satisfies VerbDocument, 202);
  });
}

/** Writes down a person's word and rings for it. */
async function intend(options: ApiOptions, app: AppName, change: IntentChange): Promise<void> {
  await ring(options, `app/${app.id}`, 'reconcile', (key, trigger) => options.store.intend(key, change, trigger));
}

async function ring(
  options: ApiOptions,
  key: string,
  queue: 'source' | 'reconcile',
  write: (key: string, trigger: Trigger) => Promise<void>,
): Promise<void> {
  await write(key, { kind: 'manual', at: options.now(), note: 'api' });
  await options.queue.send(queue, key);
}

/** Higher than every counter that was ever carried out, also by a one-shot apply that wrote none down. */
function nextSync(row: Row | undefined): number {
  const state = isObject(row?.state) ? row.state['synced'] : undefined;
  return Math.max(row?.intent.sync ?? 0, typeof state === 'number' ? state : 0) + 1;
}

/** The ids that a name means: one application, or one entry on several targets. */
async function named(options: ApiOptions, name: string): Promise<readonly string[]> {
  return (await find(options, name)).map(({ id }) => id);
}

/** The one application of a name. */
async function oneApp(options: ApiOptions, name: string): Promise<AppName> {
  const found = await find(options, name);
  const [app] = found;
  if (app !== undefined && found.length === 1) return app;
  const hint = `One of: ${found
    .slice(0, 10)
    .map(({ id }) => id)
    .join(', ')}`;
  throw new Refusal(409, {
    code: 'AppAmbiguous',
    message: `${JSON.stringify(name)} is the name of ${found.length} applications`,
    hint,
  });
}

async function find(options: ApiOptions, name: string): Promise<readonly AppName[]> {
  const apps = await options.views.apps();
  const exact = apps.filter((app) => app.id === name);
  if (exact.length > 0) return exact;
  const found = apps.filter((app) => app.name === name || app.name.startsWith(`${name}@`));
  if (found.length > 0) return found;
  const names = apps.map((app) => app.name);
  const near = nearest(name, names);
  const meant = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
  const hint =
    names.length === 0
      ? 'Declare one in holdfast.yaml and push'
      : `One of: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`;
  throw new Refusal(404, {
    code: 'AppUnknown',
    message: `There is no application ${JSON.stringify(name.slice(0, 80))}${meant}`,
    hint,
  });
}
