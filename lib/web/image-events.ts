// POST /events: an EventBridge event of ECR becomes a hint to every repository that follows the image.
import type { Context } from 'hono';
import { readImageEvent } from '../core/trigger/ecr.ts';
import { parseJson, readBody, requireJson } from './body.ts';
import type { ApiOptions } from './options.ts';
import { Refusal } from './problem.ts';

const BODY_LIMIT = 256 * 1024;

/** A handler; the check of the token comes before it. */
export function imageEvents(options: ApiOptions): (c: Context) => Promise<Response> {
  return async (c) => {
    requireJson(c.req.raw);
    const bytes = await readBody(c.req.raw, BODY_LIMIT);
    const event = readImageEvent(parseJson(bytes));
    if (event.kind === 'malformed')
      throw new Refusal(400, { code: 'EventMalformed', message: `The event cannot be used: ${event.reason}` });
    if (event.kind === 'ignored') return c.json({ status: 'ignored', reason: event.reason }, 202);
    const followers = await options.views.imageFollowers(event.image);
    const digest = options.hash(bytes);
    const trigger = { kind: 'image', at: options.now(), note: `${event.image}:${event.tag}` } as const;
    for (const alias of followers) {
      const key = `repo/${alias}`;
      // The same event may come twice. One without an id is known by what it says.
      const delivery = `event:${event.id === '' ? digest : event.id}:${alias}`;
      const seen = await options.store.delivery(delivery, digest, { key, trigger });
      if (seen === 'new') await options.queue.send('source', key);
    }
    return c.json({ status: followers.length === 0 ? 'ignored' : 'accepted', repositories: followers }, 202);
  };
}
