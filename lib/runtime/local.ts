// One machine: every adapter of this home in one process, seeded, listening on 127.0.0.1 and working until closed.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fsBlobs } from '../adapters/blob/fs.ts';
import { localBlobs } from '../adapters/blob/local.ts';
import { systemClock } from '../adapters/clock.ts';
import { createBuiltinHost } from '../adapters/githost/builtin.ts';
import { sqliteQueue } from '../adapters/queue/sqlite.ts';
import { createRenderers } from '../adapters/render/registry.ts';
import { fileRegistry } from '../adapters/sandbox/registry/registry.ts';
import { openDatabase } from '../adapters/store/database.ts';
import { holderAlive, newHolder } from '../adapters/store/holder.ts';
import { sqliteStore } from '../adapters/store/sqlite.ts';
import { githubWebhooks } from '../adapters/webhook/github.ts';
import type { Queue, Store } from '../core/reconcile/store.ts';
import { defaultGitLimits } from '../core/source/git.ts';
import { createWeb } from '../web/web.ts';
import type { Views } from '../web/views.ts';
import { claimDirectory } from './claim.ts';
import { prepareDataDir } from './data-dir.ts';
import { receiveDelivery } from './deliveries.ts';
import { dependentsOf } from './dependents.ts';
import { createFeed } from './feed.ts';
import type { Home, RootRepository, RunnerEvent } from './home.ts';
import { startServer } from './http.ts';
import { createScrubber } from './log.ts';
import { openRoot } from './root.ts';
import { repoKey, rootAlias } from './rows.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';
import { removeServerFile, type ServerFile, writeServerFile } from './server-file.ts';
import { nobody } from './outbox.ts';
import { openTargets } from './targets.ts';
import {
  hmacWith,
  type Installation,
  loadInstallation,
  rotateWebhookSecret,
  sha256,
  timeId,
  webhookSecretsOf,
} from './tools.ts';
import { createViews } from './views.ts';
import { deliverPush } from './deliver.ts';
import { Workers } from './worker.ts';

export interface LocalOptions {
  readonly dataDir: string;
  /** Default: the port of last time, or any free one. */
  readonly port?: number;
  /** Default: demo.git of the built-in Git host. */
  readonly root?: { readonly url: string; readonly branch: string };
  /** Seed demo.git with the examples when it does not exist. */
  readonly examples: boolean;
  readonly kubeconfig?: string | undefined;
  readonly installation?: string | undefined;
  /** Make a new webhook secret; the old one stays good until the next rotation. */
  readonly rotateWebhookSecret?: boolean;
  readonly emit: (event: RunnerEvent) => void;
  /** Shorter waits, for the demo and for tests. */
  readonly settings?: Partial<Home['settings']>;
}

export interface LocalServer {
  readonly url: string;
  /** Base URL of the built-in Git host. */
  readonly git: string;
  /** Base URL of webhooks, without alias. */
  readonly webhook: string;
  readonly api: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly secretFile: string;
  readonly root: { readonly url: string; readonly branch: string };
  /** Whether the root repository is demo.git of the built-in host. */
  readonly builtIn: boolean;
  readonly home: Home;
  readonly views: Views;
  /** The embedded cluster and stacks, started when first asked for. */
  readonly sandbox: () => Promise<Sandbox>;
  close(): Promise<void>;
}

const defaults: Home['settings'] = { followLimitMs: 600_000, sliceMs: 90_000, imageQuietMs: 2_000, pollMs: 60_000 };
/** A repository on this machine rings for no commit, and looking at it costs nothing. */
const localPollMs = 2_000;
const examplesDir = path.join(import.meta.dirname, '..', '..', 'examples', 'demo');

/** Starts everything. Throws `AlreadyRunning`, `PortInUse`, `StateTooNew`. */
export async function startLocal(options: LocalOptions): Promise<LocalServer> {
  const dataDir = path.resolve(options.dataDir);
  await prepareDataDir(dataDir);
  const database = openDatabase({ file: path.join(dataDir, 'state.db') });
  const store = sqliteStore({ database, clock: systemClock, alive: holderAlive });
  const queue = sqliteQueue({ database, clock: systemClock });
  const holder = newHolder();
  const claim = await claimDirectory(store, holder, holderAlive).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const stored = await loadInstallation(store, options.installation);
  const installation = options.rotateWebhookSecret === true ? await rotateWebhookSecret(store, stored) : stored;
  const sandbox = sandboxOnDemand(dataDir);
  const feed = createFeed({ start: timeId(Date.now()) });
  const blobs = localBlobs({ database, files: fsBlobs(path.join(dataDir, 'blobs')) });
  const views = createViews({ store, blobs, alias: rootAlias, feed });
  const token = randomBytes(24).toString('hex');
  const stopping = new AbortController();
  const parts: Parts = { options, dataDir, holder, store, installation, token, views, stopping: stopping.signal };
  const doorbell: { ring: () => void } = { ring: () => undefined };
  const bell = rung(queue, () => doorbell.ring());
  const web = await serve(parts, bell);
  const root = await openRoot({
    dataDir,
    url: options.root?.url ?? `${web.url}/demo.git`,
    branch: options.root?.branch ?? 'main',
    alias: rootAlias,
  });
  const emit = scrubbed([token, installation.key, ...webhookSecretsOf(installation)], (event) => {
    feed.publish(event);
    options.emit(event);
  });
  const home = makeHome({ ...parts, queue: bell, blobs, root, sandbox: sandbox.get, emit });
  const workers = new Workers(home);
  doorbell.ring = () => workers.ring();
  web.onPush((push) =>
    deliverPush({
      webhook: `${web.url}/webhook`,
      rootUrl: root.url,
      secret: installation.webhookSecret,
      newId: home.newId,
      emit,
      push,
    }),
  );
  const publish = publisher(dataDir, { v: 1, pid: process.pid, holder, url: web.url, token });
  await publish(undefined);
  sandbox.onStart(publish);
  // Whoever has a sandbox finds it running; nobody else pays for one.
  if (options.examples || existsSync(path.join(dataDir, 'sandbox', 'cluster'))) await sandbox.get();
  await store.hint(repoKey(rootAlias), { kind: 'poll', at: home.now(), note: 'started' });
  workers.start();
  return {
    url: web.url,
    git: web.url,
    webhook: `${web.url}/webhook`,
    api: `${web.url}/api`,
    token,
    tokenFile: path.join(options.dataDir, 'token'),
    secretFile: path.join(options.dataDir, 'webhook-secret'),
    root: { url: root.url, branch: root.branch },
    builtIn: options.root === undefined,
    home,
    views,
    sandbox: sandbox.get,
    close: async () => {
      await workers.stop();
      stopping.abort();
      await web.close();
      await home.targets.close();
      await sandbox.close();
      await removeServerFile(dataDir);
      await claim.release();
      await store.close();
    },
  };
}

interface Parts {
  readonly options: LocalOptions;
  readonly dataDir: string;
  readonly store: Store;
  readonly installation: Installation;
  readonly token: string;
  readonly views: Views;
  readonly holder: string;
  /** Aborted when the server is about to stop. */
  readonly stopping: AbortSignal;
}

/** No secret of ours reaches the feed or the terminal, whatever an error of a remote side repeats. */
function scrubbed(secrets: readonly string[], emit: Home['emit']): Home['emit'] {
  const scrubber = createScrubber();
  for (const secret of secrets) scrubber.register(secret);
  return (event) => emit(scrubber.event(event));
}

/** Says in the data directory where the server listens, and its sandbox once it runs. */
function publisher(
  dataDir: string,
  server: Omit<ServerFile, 'sandbox'>,
): (sandbox: Sandbox | undefined) => Promise<void> {
  return async (sandbox) =>
    await writeServerFile(dataDir, {
      ...server,
      ...(sandbox === undefined ? {} : { sandbox: sandboxAddress(sandbox) }),
    });
}

interface OnDemand {
  readonly get: () => Promise<Sandbox>;
  readonly onStart: (listener: (sandbox: Sandbox) => Promise<void>) => void;
  readonly close: () => Promise<void>;
}

/** A sandbox that is started by its first user: a server for real clusters needs none of its memory. */
function sandboxOnDemand(dataDir: string): OnDemand {
  let started: Promise<Sandbox> | undefined;
  let listener: (sandbox: Sandbox) => Promise<void> = async () => undefined;
  const begin = async (): Promise<Sandbox> => {
    const sandbox = await startSandbox(dataDir);
    await listener(sandbox);
    return sandbox;
  };
  return {
    get: () => (started ??= begin()),
    onStart: (given) => (listener = given),
    close: async () => {
      if (started !== undefined) await (await started).close();
    },
  };
}

/** The address part of a sandbox: what other processes need. */
function sandboxAddress({ kubeconfig, stacksEndpoint, region, account }: Sandbox): Omit<Sandbox, 'close'> {
  return { kubeconfig, stacksEndpoint, region, account };
}

/** A queue that also rings in this process, so that a push does not wait for the next tick. */
function rung(queue: Queue, ring: () => void): Queue {
  return {
    send: async (name, body, delayMs) => {
      await queue.send(name, body, delayMs);
      ring();
    },
    receive: async (name, max, visibilityMs) => await queue.receive(name, max, visibilityMs),
    ack: async (message) => await queue.ack(message),
    retry: async (message, reason, delayMs) => await queue.retry(message, reason, delayMs),
    bury: async (message, reason) => await queue.bury(message, reason),
    deadLetters: async (limit) => await queue.deadLetters(limit),
    redrive: async (id) => await queue.redrive(id),
  };
}

type OnPush = Parameters<typeof createBuiltinHost>[0]['onPush'];

/** Git host, webhook and API behind one server; a port that was chosen once is kept. */
async function serve(
  parts: Parts,
  queue: Queue,
): Promise<{ readonly url: string; readonly onPush: (listener: OnPush) => void; readonly close: () => Promise<void> }> {
  const { options, dataDir, store, installation, token, views } = parts;
  let listener: OnPush = () => undefined;
  const host = createBuiltinHost({ directory: path.join(dataDir, 'git'), onPush: (push) => listener(push) });
  if (options.examples)
    await host.seed({ name: 'demo', from: examplesDir, message: 'Begin with the examples', at: Date.now() });
  else await host.create('demo');
  const onError = (error: unknown, route: string): void =>
    options.emit({
      event: 'request-failed',
      at: Date.now(),
      message: `${route}: ${error instanceof Error ? error.message : String(error)}`,
    });
  const web = createWeb({
    scheme: githubWebhooks,
    store,
    queue,
    views,
    token,
    webhookSecrets: async (alias) => (alias === rootAlias ? webhookSecretsOf(installation) : []),
    hash: sha256,
    now: () => systemClock.now(),
    receive: async (delivery) => await receiveDelivery({ store, queue, now: () => systemClock.now() }, delivery),
    onError,
    stopping: parts.stopping,
  });
  const kept = Number((await store.getValue('port')) ?? 0);
  const start = async (port: number): ReturnType<typeof startServer> =>
    await startServer({
      fetch: (request) => web.fetch(request),
      handlers: [(request, response) => host.handle(request, response)],
      port,
      onError,
    });
  const server = await start(options.port ?? kept).catch(async (error: unknown) => {
    // The port of last time belongs to somebody else today: any other will do, unless a person asked for this one.
    if (options.port !== undefined || kept === 0) throw error;
    return await start(0);
  });
  await store.setValue('port', server.port, await store.getValue('port'));
  await writeFile(path.join(dataDir, 'token'), `${token}\n`, { mode: 0o600 });
  await writeFile(path.join(dataDir, 'webhook-secret'), `${installation.webhookSecret}\n`, { mode: 0o600 });
  return { url: server.url, onPush: (given) => (listener = given), close: async () => await server.close() };
}

interface HomeParts extends Parts {
  readonly queue: Queue;
  readonly blobs: Home['blobs'];
  readonly root: RootRepository;
  readonly sandbox: () => Promise<Sandbox>;
  readonly emit: Home['emit'];
}

function makeHome(parts: HomeParts): Home {
  const { options, dataDir, store, queue, blobs, root, installation, sandbox, emit } = parts;
  return {
    installation: installation.name,
    holder: parts.holder,
    store,
    queue,
    blobs,
    hash: sha256,
    hmac: hmacWith(installation.key),
    root,
    gitLimits: defaultGitLimits,
    renderers: createRenderers(),
    targets: openTargets({
      sandbox,
      aws: { installation: installation.name },
      ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
    }),
    registry: fileRegistry(path.join(dataDir, 'sandbox', 'images')),
    emit,
    notifier: nobody,
    dependents: dependentsOf({ store, blobs }),
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    random: Math.random,
    newId: () => timeId(Date.now()),
    settings: { ...defaults, ...(isLocal(root) ? { pollMs: localPollMs } : {}), ...options.settings },
  };
}

/** Whether the root repository is a directory: openRoot shows those by their path. */
function isLocal(root: RootRepository): boolean {
  return path.isAbsolute(root.url);
}
