// What requests to the API bring with them: bodies of orders, and how much is asked for.
import { isObject, type Json } from '../core/json.ts';
import { parseJson, readBody, requireJson } from './body.ts';
import { Refusal } from './problem.ts';

const BODY_LIMIT = 64 * 1024;
const PAGE = 50;
const PAGE_LIMIT = 1000;

/** The body of an order; `{}` when there is none. Refuses members that are not known. */
export async function readVerbBody(
  request: Request,
  members: readonly string[],
): Promise<{ readonly [key: string]: Json | undefined }> {
  const bytes = await readBody(request, BODY_LIMIT);
  if (bytes.byteLength === 0) return {};
  requireJson(request);
  const body = parseJson(bytes);
  if (!isObject(body)) throw new Refusal(400, { code: 'BodyMalformed', message: 'The body is not a JSON object' });
  const strange = Object.keys(body).find((key) => !members.includes(key));
  if (strange !== undefined) {
    const message = `${JSON.stringify(strange.slice(0, 40))} is not known here`;
    throw new Refusal(400, { code: 'BodyMalformed', message, hint: `Known: ${members.join(', ') || 'nothing'}` });
  }
  return body;
}

/** The refusal of a member that is not what it has to be. */
export function badMember(name: string, wanted: string): Refusal {
  return new Refusal(400, { code: 'BodyMalformed', message: `${name} has to be ${wanted}` });
}

/** How many lines are asked for. */
export function pageSize(text: string | undefined): number {
  if (text === undefined) return PAGE;
  const size = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (size >= 1 && size <= PAGE_LIMIT) return size;
  throw new Refusal(400, { code: 'LimitInvalid', message: `limit has to be a number from 1 to ${PAGE_LIMIT}` });
}
