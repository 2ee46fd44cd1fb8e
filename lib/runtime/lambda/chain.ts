// The middy chain that every function has: the event is checked, one id runs through all lines, metrics are flushed, and an
// error is logged once in our own form before it is thrown on.
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import wrapped, { type MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import { asFailure, HoldfastError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { createScrubber, type Scrubber } from '../log.ts';
import type { RunnerEvent } from '../home.ts';

/** What the code behind a chain gets besides its event. */
export interface Bench {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Registers secrets that no line may show. */
  readonly scrubber: Scrubber;
  /** Events of the runner as log lines. */
  readonly emit: (event: RunnerEvent) => void;
}

export interface ChainOptions<Event> {
  /** Name of the function, for its lines. */
  readonly name: string;
  /** What the function takes, out of what came. Throws HoldfastError for anything else. */
  readonly read: (event: unknown) => Event;
}

/** The tools of one function; made once per process. */
export function openBench(name: string): Bench {
  const logger = new Logger({ serviceName: name });
  const metrics = new Metrics({
    serviceName: name,
    namespace: process.env['POWERTOOLS_METRICS_NAMESPACE'] ?? 'Holdfast',
  });
  const scrubber = createScrubber();
  return { logger, metrics, scrubber, emit: (event) => logEvent(logger, scrubber, event) };
}

/** Lines that are many and only matter when one looks closely. */
const detailed: ReadonlySet<string> = new Set(['object', 'plan']);

function logEvent(logger: Logger, scrubber: Scrubber, given: RunnerEvent): void {
  const { event, message, app, run, data } = scrubber.event(given);
  const line = { event, ...(app === undefined ? {} : { app }), ...(run === undefined ? {} : { run }) };
  if (detailed.has(event)) logger.debug(message, { ...line, data });
  else if (event.endsWith('-failed') || event === 'problem') logger.warn(message, { ...line, data });
  else logger.info(message, { ...line, data });
}

/** Checks the event before the work sees it. */
function checked(read: (event: unknown) => unknown): MiddlewareObj {
  return {
    before: (request) => {
      request.event = read(request.event);
    },
  };
}

/** Metrics of this event, if it had any, whether it went well or not. */
function flushed(metrics: Metrics): MiddlewareObj {
  const flush = (): void => {
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  };
  return { after: flush, onError: flush };
}

/** One line for an error; then it is thrown on, so that the event is kept. */
function logged(bench: Bench): MiddlewareObj {
  return {
    onError: ({ error }) => logFailure(bench, error),
  };
}

/** The line of an error: masked, with who must act and what to do. `more` says what it was about. */
export function logFailure(
  { logger, scrubber }: Pick<Bench, 'logger' | 'scrubber'>,
  error: unknown,
  more: Readonly<Record<string, string>> = {},
): void {
  const failure = asFailure(error);
  // A mistake of ours is only found with the place it was made at.
  const place = error instanceof Error && !(error instanceof HoldfastError) ? scrubber.text(error.stack ?? '') : '';
  logger.error(scrubber.text(failure.message), {
    failure: scrubber.json(failure as unknown as Json),
    ...more,
    ...(place === '' ? {} : { stack: place }),
  });
}

/** A handler: the chain, and one call. */
export function chain<Event, Result>(
  { name, read }: ChainOptions<Event>,
  open: (bench: Bench) => (event: Event, context: Context) => Promise<Result>,
): (event: unknown, context: Context) => Promise<Result> {
  const bench = openBench(name);
  const work = open(bench);
  return wrapped<unknown, Result>()
    .use(injectLambdaContext(bench.logger, { clearState: true }))
    .use(flushed(bench.metrics))
    .use(logged(bench))
    .use(checked(read))
    .handler(async (event, context) => await work(event as Event, context));
}
