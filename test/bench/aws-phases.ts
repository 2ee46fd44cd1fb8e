// One push cut into phases: from the logs of the functions, the costs of the run, and the requests in between.
import type { Invocation, Logged, Part, Recorded, Request } from './aws-record.ts';

/** A push from its delivery until its application was applied. */
export interface Pushed {
  readonly phases: ReadonlyMap<string, number>;
  /** What was done for it. */
  readonly part: Part;
}

interface Push {
  /** Milliseconds since the epoch: delivered, and answered. */
  readonly from: number;
  readonly answered: number;
  readonly source: Invocation;
  readonly reconcile: Invocation;
  readonly end: Logged;
  readonly all: Recorded;
}

const ended = (request: Request): number => request.at + request.ms;

export class Phases {
  readonly #push: Push;

  constructor(push: Push) {
    this.#push = push;
  }

  /** Milliseconds by phase, in their order; `total` is the whole. */
  read(): ReadonlyMap<string, number> {
    const { from, answered, source, reconcile, end } = this.#push;
    const asked = this.#requests(source);
    const affected = source.events.find(({ event }) => event === 'affected');
    const ms = affected?.data?.ms ?? {};
    const decided = affected?.at ?? source.at;
    const rows = asked.filter(({ call, what }) => call === 'Query' && what.includes('row#app'));
    const rung = Math.max(...asked.filter(({ service }) => service === 'sqs').map(ended), source.at);
    const assigned = asked.find(({ call, what }) => call !== 'GetItem' && what.startsWith('app/'));
    const fanOut = assigned === undefined ? 0 : rung - assigned.at;
    const run = Object.entries(end.data?.cost?.ms ?? {});
    const inRun = run.reduce((sum, [, one]) => sum + one, 0);
    return new Map([
      ['webhook answered', answered - from],
      ['source took the message', source.at - answered],
      ['lease and head of the branch', decided - (ms['decide'] ?? 0) - (ms['fetch'] ?? 0) - source.at],
      ['fetch', ms['fetch'] ?? 0],
      ['decide: rows read', span(rows)],
      ['decide: the rest', (ms['decide'] ?? 0) - span(rows) - fanOut],
      ['fan-out', fanOut],
      ['reconcile took the message', reconcile.at - rung],
      ...run.map(([phase, one]) => [`run: ${phase}`, one] as const),
      ['lease, rows and history', end.at - reconcile.at - inRun],
      ['total', end.at - from],
    ]);
  }

  #requests(one: Invocation): readonly Request[] {
    return this.#push.all.requests.filter(
      ({ who, at }) => who === one.function && at >= one.at && at <= one.at + one.ms,
    );
  }
}

/** From the first to the end of the last. */
function span(requests: readonly Request[]): number {
  const [first] = requests;
  return first === undefined ? 0 : Math.max(...requests.map(ended)) - first.at;
}
