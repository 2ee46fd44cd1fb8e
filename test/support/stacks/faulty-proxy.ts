// A proxy before CloudFormation that loses replies, throttles, and repeats old answers: what a network and a busy service do.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface FaultyProxy {
  readonly endpoint: string;
  /** Calls that were answered by the real thing, in order. */
  readonly calls: string[];
  /** The next `times` calls of this action are carried out and their replies lost. */
  loseReply(action: string, times?: number): void;
  /** The next `times` calls of this action are refused for now. */
  throttle(action: string, times: number): void;
  /** The next call of this action is answered as the last one before was. */
  repeatAnswer(action: string, times?: number): void;
  /** From now on calls with such parameters are refused, as they are where a role lacks the right. */
  forbid(fits: (parameters: URLSearchParams) => boolean): void;
  /** From now on answers of this action are changed on their way. */
  rewrite(action: string, change: (answer: string) => string): void;
}

/** Starts a proxy for one test. */
export async function faultyProxy(behind: string): Promise<FaultyProxy> {
  const plans = new Map<string, ('lose' | 'throttle' | 'repeat')[]>();
  const last = new Map<string, { status: number; body: string }>();
  let forbidden: (parameters: URLSearchParams) => boolean = () => false;
  const rewrites = new Map<string, (answer: string) => string>();
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const parameters = new URLSearchParams(body);
      const action = parameters.get('Action') ?? '';
      if (forbidden(parameters)) {
        const message = `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: cloudformation:${action}</Message></Error></ErrorResponse>`;
        response.writeHead(403, { 'content-type': 'text/xml' }).end(message);
        return;
      }
      const plan = plans.get(action)?.shift();
      if (plan === 'throttle') {
        const message =
          '<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>';
        response.writeHead(400, { 'content-type': 'text/xml' }).end(message);
        return;
      }
      const old = last.get(action);
      if (plan === 'repeat' && old !== undefined) {
        response.writeHead(old.status, { 'content-type': 'text/xml' }).end(old.body);
        return;
      }
      const { host: _host, 'content-length': _length, ...headers } = request.headers;
      void fetch(behind, { method: 'POST', body, headers: headers as Record<string, string> }).then(async (answer) => {
        const text = (rewrites.get(action) ?? ((same: string) => same))(await answer.text());
        calls.push(action);
        last.set(action, { status: answer.status, body: text });
        if (plan === 'lose') response.destroy();
        else response.writeHead(answer.status, { 'content-type': 'text/xml' }).end(text);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const plan = (action: string, kind: 'lose' | 'throttle' | 'repeat', times = 1): void => {
    plans.set(action, [...(plans.get(action) ?? []), ...Array<typeof kind>(times).fill(kind)]);
  };
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    loseReply: (action, times) => plan(action, 'lose', times),
    throttle: (action, times) => plan(action, 'throttle', times),
    repeatAnswer: (action, times) => plan(action, 'repeat', times),
    forbid: (fits) => {
      forbidden = fits;
    },
    rewrite: (action, change) => void rewrites.set(action, change),
  };
}
