// /api/dlq: messages and events that could not be handled.
import type { Hono } from 'hono';
import { pageSize, readVerbBody } from './asked.ts';
import type { ApiOptions } from './options.ts';
import { Refusal } from './problem.ts';
import type { DeadLetterDocument, VerbDocument } from './views.ts';

/** Listed with why, and sent again one by one. */
export function letterRoutes(routes: Hono, { queue, failedEvents }: Pick<ApiOptions, 'queue' | 'failedEvents'>): void {
  routes.get('/dlq', async (c) => {
    const limit = pageSize(c.req.query('limit'));
    const [messages, events] = await Promise.all([queue.deadLetters(limit), failedEvents?.list(limit) ?? []]);
    const letters = [...messages, ...events].sort((a, b) => b.at - a.at).slice(0, limit);
    return c.json({ schemaVersion: 1, letters } satisfies DeadLetterDocument);
  });
  routes.post('/dlq/:id/redrive', async (c) => {
    await readVerbBody(c.req.raw, []);
    const id = c.req.param('id');
    if (await queue.redrive(id))
      return c.json({ schemaVersion: 1, message: `${id} was sent again` } satisfies VerbDocument, 202);
    const message = await failedEvents?.redrive(id);
    if (message === undefined) {
      const unknown = `There is no dead letter ${JSON.stringify(id.slice(0, 80))}`;
      throw new Refusal(404, { code: 'DeadLetterUnknown', message: unknown, hint: 'holdfast dlq list' });
    }
    return c.json({ schemaVersion: 1, event: true, message } satisfies VerbDocument, 202);
  });
}
