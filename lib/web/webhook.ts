// POST /webhook/:alias: a signed body becomes a hint, kept before it is answered. What it says is never believed, only looked up.
import type { Context } from 'hono';
import { readBody, requireJson } from './body.ts';
import type { ReceiverOptions } from './options.ts';
import { Refusal } from './problem.ts';
import { createThrottle } from './throttle.ts';

/** Larger bodies are pushes of thousands of commits; the poll finds those. */
const BODY_LIMIT = 5 * 1024 * 1024;
/** What a sender over the limit of wrong signatures may still send: hashing it costs next to nothing. */
const THROTTLED_LIMIT = 64 * 1024;
const ALIAS = /^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/;

/** A handler. The alias selects the secret and the repository; nothing in the request selects anything. */
export function webhook(options: ReceiverOptions): (c: Context) => Promise<Response> {
  const throttle = createThrottle(options.now);
  const { scheme } = options;
  return async (c) => {
    const alias = c.req.param('alias') ?? '';
    const sender = `${ALIAS.test(alias) ? alias : '?'} ${options.sender?.(c) ?? ''}`;
    requireJson(c.req.raw);
    // A sender of many wrong signatures is still heard, because a right one may share its address; but not at length.
    const wait = throttle.waitSeconds(sender);
    const limit = wait > 0 ? THROTTLED_LIMIT : (options.webhookLimit ?? BODY_LIMIT);
    const body = await readBody(c.req.raw, limit);
    const signed = async (fresh: boolean): Promise<boolean> =>
      ALIAS.test(alias) && scheme.verified(c.req.raw.headers, body, await options.webhookSecrets(alias, fresh));
    // A secret that was changed a moment ago may not have been heard of yet.
    if (!(await signed(false)) && !(await signed(true))) {
      throttle.failed(sender);
      throw wait > 0 ? tooMany(wait) : unsigned();
    }
    const reading = scheme.read(c.req.raw.headers, body);
    switch (reading.kind) {
      case 'malformed':
        throw new Refusal(400, { code: 'WebhookMalformed', message: `The delivery cannot be used: ${reading.reason}` });
      case 'ping':
        return c.json({ status: 'pong' });
      case 'ignored':
        return c.json({ status: 'ignored', reason: reading.reason }, 202);
      case 'push':
        return await accept(c, options, { alias, body, ...reading });
    }
  };
}

interface Accepted {
  readonly alias: string;
  readonly body: Uint8Array;
  readonly delivery: string;
  readonly ref: string;
  readonly after: string;
}

/** Hands the delivery on before it is answered. A doorbell that is lost is made good by the tick. */
async function accept(c: Context, options: ReceiverOptions, push: Accepted): Promise<Response> {
  const { alias, delivery, ref, after } = push;
  const seen = await options.receive({
    v: 1,
    kind: 'push',
    alias,
    delivery,
    ref,
    after,
    digest: options.hash(push.body),
  });
  if (seen === 'mismatch') {
    const message = `Delivery ${delivery} came before with another body`;
    throw new Refusal(409, {
      code: 'WebhookReplayed',
      message,
      hint: 'Change the secret of the webhook if nobody of yours sent this',
    });
  }
  return c.json({ status: seen === 'duplicate' ? 'duplicate' : 'accepted', delivery }, 202);
}

function unsigned(): Refusal {
  return new Refusal(401, {
    code: 'WebhookUnsigned',
    message: 'The signature is missing or wrong',
    hint: 'Check the name in the address and the secret: both have to be the ones that Holdfast knows',
  });
}

function tooMany(seconds: number): Refusal {
  const message = 'Too many wrong signatures';
  return new Refusal(429, { code: 'WebhookThrottled', message }, { 'retry-after': String(seconds) });
}
