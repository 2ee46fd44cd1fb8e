// The bearer token of the API, compared without telling by the time it takes how much of a guess was right.
import type { MiddlewareHandler } from 'hono';
import { Refusal } from './problem.ts';

/** Whether two texts are equal; the time depends on the length of the given one only. */
export function equalInConstantTime(given: string, secret: string): boolean {
  const encoder = new TextEncoder();
  const [a, b] = [encoder.encode(given), encoder.encode(secret)];
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] ?? 0) ^ (b[i % Math.max(1, b.length)] ?? 0);
  return difference === 0;
}

/** Lets a request pass that carries the token, and no other. An empty token lets nobody pass. */
export function requireToken(token: string): MiddlewareHandler {
  return async (c, next) => {
    const [scheme = '', given = ''] = (c.req.header('authorization') ?? '').split(' ');
    const fine = scheme.toLowerCase() === 'bearer' && given !== '' && equalInConstantTime(given, token);
    if (!fine) {
      const problem = {
        code: 'ApiUnauthorized',
        message: 'This needs the token of the server',
        hint: 'The holdfast command reads it from the data directory: run it as the user who runs the server, with the same --data',
      };
      throw new Refusal(401, problem, { 'www-authenticate': 'Bearer realm="holdfast"' });
    }
    await next();
  };
}
