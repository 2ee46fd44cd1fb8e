// The sandbox's CloudFormation endpoint on 127.0.0.1: the AWS Query protocol, and a few calls to change live resources by hand.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asFailure, HoldfastError } from '../../../core/errors.ts';
import type { Json, JsonObject } from '../../../core/json.ts';
import {
  advanceChangeSet,
  createChangeSet,
  deleteChangeSet,
  describeChangeSet,
  executeChangeSet,
  findChangeSet,
  listChangeSets,
} from './changesets.ts';
import { Database } from './database.ts';
import { advanceDetection, describeDetection, describeResourceDrifts, detectStackDrift } from './drift.ts';
import { editLive, type LiveEdit, liveView } from './edit.ts';
import { advanceStack } from './operations.ts';
import { answer, Call, refusal, refused, type Reply } from './protocol.ts';
import {
  deleteStack,
  describeStackEvents,
  describeStackResources,
  describeStacks,
  findStack,
  getTemplate,
  listStackResources,
  listStacks,
  validateTemplate,
} from './stacks.ts';
import { withStatus, type World } from './world.ts';

export interface SandboxStacksOptions {
  /** Directory of its own for the state; made when missing. */
  readonly dataDir: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly region?: string;
  readonly account?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Milliseconds between two steps of an operation; 30 when absent. */
  readonly stepMs?: number;
  /** Changes per page of DescribeChangeSet and events per page of DescribeStackEvents; 100 when absent, as the service's. */
  readonly pageSize?: number;
}

export interface SandboxStacks {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  /** Changes a live resource as a person in the console would. Throws `ValidationError` when there is none. */
  editLiveResource(edit: LiveEdit): JsonObject;
  /** The live properties of a stack's resource, or undefined when it is gone. */
  liveResource(stack: string, logicalId: string): JsonObject | undefined;
  close(): Promise<void>;
}

type Handler = (world: World, call: Call, pageSize: number) => JsonObject;

const handlers: Readonly<Record<string, Handler>> = {
  CreateChangeSet: createChangeSet,
  DescribeChangeSet: describeChangeSet,
  ExecuteChangeSet: executeChangeSet,
  DeleteChangeSet: deleteChangeSet,
  ListChangeSets: listChangeSets,
  DescribeEvents: describeEvents,
  DescribeStacks: describeStacks,
  ListStacks: listStacks,
  DescribeStackEvents: describeStackEvents,
  DescribeStackResources: describeStackResources,
  ListStackResources: listStackResources,
  GetTemplate: getTemplate,
  ValidateTemplate: validateTemplate,
  DeleteStack: deleteStack,
  DetectStackDrift: (world, call) => detectStackDrift(world, findStack(world, call.required('StackName'))),
  DescribeStackDriftDetectionStatus: describeDetection,
  DescribeStackResourceDrifts: (world, call) =>
    describeResourceDrifts(world, call, findStack(world, call.required('StackName'))),
};

/** `DescribeEvents` of a change set: what early validation found. */
function describeEvents(world: World, call: Call): JsonObject {
  const changeSet = findChangeSet(world, call);
  const findings = changeSet.findings.map((finding, index) => ({
    EventId: `${changeSet.id}/${index}`,
    StackId: changeSet.stackId,
    EventType: 'VALIDATION_ERROR',
    LogicalResourceId: finding['LogicalResourceId'],
    ResourceType: finding['ResourceType'],
    Timestamp: new Date(changeSet.createdAt).toISOString(),
    ValidationName: 'PROPERTY_VALIDATION',
    ValidationStatus: 'FAILED',
    ValidationFailureMode: 'FAIL',
    ValidationPath: finding['path'],
    ValidationStatusReason: finding['reason'],
  }));
  return { OperationEvents: findings };
}

const keepAliveMs = 300_000;
const maxRequestBytes = 2 * 1024 * 1024;
const maxDiscardedBytes = 64 * 1024 * 1024;

/** The body as text. One that is too large is read to its end and thrown away, because the connection goes on to be used. */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size <= maxRequestBytes) chunks.push(bytes);
    else if (size > maxDiscardedBytes) request.destroy();
  }
  if (size > maxRequestBytes) throw refusal('ValidationError', 'Request is too large');
  return Buffer.concat(chunks).toString('utf8');
}

class StackServer {
  readonly #world: World;
  readonly #pageSize: number;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(world: World, pageSize: number) {
    this.#world = world;
    this.#pageSize = pageSize;
  }

  get world(): World {
    return this.#world;
  }

  /** Sets the timer for the next thing that is due; what was due while nobody ran is done at once. */
  wake(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const due = this.#world.db.nextDue();
    if (due === undefined) return;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, due - this.#world.now()));
  }

  #tick(): void {
    const { db } = this.#world;
    for (const { kind, key } of db.due(this.#world.now())) {
      try {
        db.transaction(() => this.#advance(kind, key));
      } catch (error) {
        // A fault of the sandbox itself ends what it was doing, visibly; it must not take the whole process with it.
        db.transaction(() => giveUp(this.#world, kind, key, asFailure(error).message));
      }
    }
    this.wake();
  }

  #advance(kind: Due, key: string): void {
    const { db } = this.#world;
    if (kind === 'stack') advance(db.get('stack', key), (one) => advanceStack(this.#world, one));
    if (kind === 'changeSet') advance(db.get('changeSet', key), (one) => advanceChangeSet(this.#world, one));
    if (kind === 'detection') advance(db.get('detection', key), (one) => advanceDetection(this.#world, one));
  }

  async handle(request: IncomingMessage): Promise<Reply & { readonly type: string }> {
    try {
      const body = await readBody(request);
      if (request.url?.startsWith('/sandbox/') === true)
        return { ...this.#byHand(request, body), type: 'application/json' };
      return { ...this.#query(request, body), type: 'text/xml' };
    } catch (error) {
      return { ...refused(error), type: 'text/xml' };
    }
  }

  #query(request: IncomingMessage, body: string): Reply {
    if (request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=') !== true) {
      throw refusal('MissingAuthenticationToken', 'Request is missing Authentication Token');
    }
    const call = new Call(body);
    const handler = Object.hasOwn(handlers, call.action) ? handlers[call.action] : undefined;
    if (handler === undefined)
      throw refusal('InvalidAction', `Could not find operation ${call.action} for version 2010-05-15`);
    const result = this.#world.db.transaction(() => handler(this.#world, call, this.#pageSize));
    this.wake();
    return answer(call.action, result);
  }

  /** `POST /sandbox/edit` changes a live resource; `GET /sandbox/live/STACK/LOGICALID` shows one. */
  #byHand(request: IncomingMessage, body: string): Reply {
    const reply = (status: number, value: Json): Reply => ({ status, body: JSON.stringify(value) });
    // A page in a browser can send a request without our wish, but not with this header and without being asked first.
    if (request.headers['x-holdfast-sandbox'] === undefined)
      return reply(403, { code: 'Forbidden', message: 'header x-holdfast-sandbox is missing' });
    try {
      const [, , verb, stack = '', logicalId = ''] = (request.url ?? '').split('/').map(decodeURIComponent);
      if (request.method === 'POST' && verb === 'edit') return reply(200, this.edit(JSON.parse(body) as LiveEdit));
      const live = verb === 'live' ? liveView(this.#world, stack, logicalId) : undefined;
      return live === undefined ? reply(404, { code: 'NotFound', message: 'no such live resource' }) : reply(200, live);
    } catch (error) {
      const { code, message } = asFailure(error);
      return reply(error instanceof HoldfastError ? 400 : 500, { code, message });
    }
  }

  edit(edit: LiveEdit): JsonObject {
    return this.#world.db.transaction(() => editLive(this.#world, edit));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#world.db.close();
  }
}

function advance<T>(entry: T | undefined, work: (entry: T) => void): void {
  if (entry !== undefined) work(entry);
}

type Due = ReturnType<Database['due']>[number]['kind'];

/** Ends what cannot be carried on. */
function giveUp(world: World, kind: Due, key: string, reason: string): void {
  const { db } = world;
  advance(kind === 'stack' ? db.get('stack', key) : undefined, (stack) => {
    const status = stack.status.replace(/(?:_COMPLETE_CLEANUP)?_IN_PROGRESS$/, '_FAILED');
    const { operation: _gone, ...rest } = withStatus(world, stack, status, `Internal failure: ${reason}`);
    db.put('stack', rest);
  });
  advance(kind === 'changeSet' ? db.get('changeSet', key) : undefined, ({ due: _due, ...rest }) =>
    db.put('changeSet', { ...rest, status: 'FAILED', reason: `Internal failure: ${reason}` }),
  );
  advance(kind === 'detection' ? db.get('detection', key) : undefined, ({ due: _due, ...rest }) =>
    db.put('detection', { ...rest, status: 'DETECTION_FAILED' }),
  );
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Starts the sandbox's CloudFormation; operations that a kill interrupted carry on. */
export async function startSandboxStacks(options: SandboxStacksOptions): Promise<SandboxStacks> {
  const place = { region: options.region ?? 'eu-west-1', account: options.account ?? '000000000000' };
  const world: World = {
    db: new Database(options.dataDir),
    place,
    now: options.now ?? Date.now,
    stepMs: options.stepMs ?? 30,
  };
  const stacks = new StackServer(world, options.pageSize ?? 100);
  const server = createServer((request, response) => {
    void stacks.handle(request).then(({ status, body, type }) => {
      response.writeHead(status, { 'content-type': type, 'x-amzn-requestid': randomUUID() }).end(body);
    });
  });
  // Node closes idle connections after 5 s; a client that sends on one just then gets a reset instead of an answer.
  server.keepAliveTimeout = keepAliveMs;
  const port = await listen(server, options.port ?? 0);
  stacks.wake();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    ...place,
    editLiveResource: (edit) => stacks.edit(edit),
    liveResource: (stack, logicalId) => liveView(world, stack, logicalId),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          stacks.close();
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
