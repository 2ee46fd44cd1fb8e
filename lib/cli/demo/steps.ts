// The demo's steps: what a person does, and what must then be seen in the cluster and in the stacks themselves.
import path from 'node:path';
import { fileRegistry } from '../../adapters/sandbox/registry/registry.ts';
import { isObject, type Json } from '../../core/json.ts';
import type { LocalServer } from '../../runtime/local.ts';
import { parseAssignment, type SandboxHand } from '../../runtime/sandbox-cluster.ts';
import { liveResource } from '../../runtime/sandbox-stacks.ts';
import type { Clone } from './clone.ts';
import { type Timeline, until } from './timeline.ts';

export interface Stage {
  readonly server: LocalServer;
  readonly hand: SandboxHand;
  readonly clone: Clone;
  readonly line: Timeline;
  readonly dataDir: string;
}

export interface DemoStep {
  readonly title: string;
  /** Answers what was seen. Throws when it was not. */
  readonly run: (stage: Stage) => Promise<string>;
}

const web = { kind: 'deployment', name: 'web', namespace: 'web' } as const;
const registry = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';

/** A value inside a live object by path; undefined when anything on the way is missing. */
function at(value: Json | undefined, ...keys: readonly (string | number)[]): Json | undefined {
  let inner: Json | undefined = value;
  for (const key of keys) {
    if (Array.isArray(inner)) inner = (inner as readonly Json[])[Number(key)];
    else inner = isObject(inner) ? inner[key] : undefined;
  }
  return inner;
}

async function deployment(stage: Stage): Promise<Json | undefined> {
  return (await stage.hand.get(web).catch(() => []))[0];
}

async function replicas(stage: Stage, wanted: number): Promise<number> {
  return await until(`Deployment web/web with ${wanted} ready replicas`, async () => {
    const live = await deployment(stage);
    const ready = at(live, 'spec', 'replicas') === wanted && at(live, 'status', 'readyReplicas') === wanted;
    return ready ? wanted : undefined;
  });
}

async function statusOf(
  stage: Stage,
  name: string,
): Promise<{ sync: string; health: string; message: string } | undefined> {
  return (await stage.server.views.status()).apps.find((app) => app.name === name);
}

async function settled(stage: Stage, name: string): Promise<void> {
  await until(`${name} Synced and Healthy`, async () => {
    const status = await statusOf(stage, name);
    return status?.sync === 'Synced' && status.health === 'Healthy' ? true : undefined;
  });
}

async function queueRetention(stage: Stage): Promise<Json | undefined> {
  const live = await liveResource((await stage.server.sandbox()).stacksEndpoint, 'backend', 'Queue');
  return at(live, 'properties', 'MessageRetentionPeriod');
}

async function pushImage(stage: Stage, image: string): Promise<void> {
  const event = await fileRegistry(path.join(stage.dataDir, 'sandbox', 'images')).push(image, Date.now());
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${stage.server.token}` };
  await fetch(`${stage.server.url}/events`, { method: 'POST', headers, body: JSON.stringify(event) });
}

export const demoSteps: readonly DemoStep[] = [
  {
    title: 'First sync of both applications',
    run: async (stage) => {
      await replicas(stage, 2);
      await until('stack backend with its queue', async () =>
        (await queueRetention(stage)) === undefined ? undefined : true,
      );
      await Promise.all([settled(stage, 'web'), settled(stage, 'backend')]);
      return 'Deployment web/web has 2 of 2 replicas ready; stack backend has its queue; both Synced and Healthy';
    },
  },
  {
    title: 'git push: replicas 2 → 3',
    run: async (stage) => {
      await stage.clone.edit('apps/web/web.yaml', 'replicas: 2', 'replicas: 3');
      const commit = await stage.clone.push('Three replicas');
      await replicas(stage, 3);
      await settled(stage, 'web');
      return `${commit.slice(0, 8)} is live: 3 of 3 replicas ready`;
    },
  },
  {
    title: 'Someone changes the cluster by hand: replicas 3 → 5',
    run: async (stage) => {
      const mark = stage.line.mark();
      await stage.hand.edit(web, [parseAssignment('spec.replicas=5')]);
      await until('a drift report', async () => stage.line.since(mark).find((event) => event.event === 'drift-report'));
      await replicas(stage, 3);
      await settled(stage, 'web');
      return 'drift found, reported as an event, and healed: 3 of 3 replicas ready again';
    },
  },
  {
    title: 'git push: a stack parameter, RetentionSeconds 86400 → 172800',
    run: async (stage) => {
      await stage.clone.edit('holdfast.yaml', 'RetentionSeconds: "86400"', 'RetentionSeconds: "172800"');
      await stage.clone.push('Keep messages for two days');
      await until('the queue keeps messages for two days', async () =>
        Number(await queueRetention(stage)) === 172_800 ? true : undefined,
      );
      await settled(stage, 'backend');
      return 'change set executed: the live queue keeps messages for 172800 s';
    },
  },
  {
    title: 'Image push: web:1.1.0',
    run: async (stage) => {
      await pushImage(stage, `${registry}/web:1.1.0`);
      await until('Deployment web/web on web:1.1.0', async () =>
        at(await deployment(stage), 'spec', 'template', 'spec', 'containers', 0, 'image') === `${registry}/web:1.1.0`
          ? true
          : undefined,
      );
      await stage.clone.pull();
      await settled(stage, 'web');
      return `commit ${(await stage.clone.git('log', '-1', '--format=%h %s')).slice(0, 70)}; the Deployment runs web:1.1.0`;
    },
  },
  {
    title: 'Image push: backend:1.1.0, into the parameters of a stack',
    run: async (stage) => {
      await pushImage(stage, `${registry}/backend:1.1.0`);
      await until('the task definition on backend:1.1.0', async () => {
        const live = await liveResource((await stage.server.sandbox()).stacksEndpoint, 'backend', 'Worker');
        return at(live, 'properties', 'ContainerDefinitions', 0, 'Image') === `${registry}/backend:1.1.0`
          ? true
          : undefined;
      });
      await stage.clone.pull();
      await settled(stage, 'backend');
      return `commit ${(await stage.clone.git('log', '-1', '--format=%h %s')).slice(0, 70)}; the live task definition names backend:1.1.0`;
    },
  },
  {
    title: 'git push: a bad manifest',
    run: async (stage) => {
      await stage.clone.edit('apps/web/config.yaml', '  greeting: hello', '  greeting: hello\n greeting: twice');
      await stage.clone.push('Break it');
      const status = await until('web refused with file and line', async () => {
        const found = await statusOf(stage, 'web');
        return found !== undefined && /config\.yaml:\d+/.test(found.message) ? found : undefined;
      });
      await replicas(stage, 3);
      return `refused: ${status.message}; the last good state still runs`;
    },
  },
  {
    title: 'git revert of the bad manifest and of the third replica',
    run: async (stage) => {
      await stage.clone.git('revert', '--no-edit', 'HEAD');
      const third = await stage.clone.git('log', '--format=%H', '--grep', 'Three replicas', '-1');
      await stage.clone.git('revert', '--no-edit', third);
      await stage.clone.git('push', '--quiet');
      await replicas(stage, 2);
      await settled(stage, 'web');
      return 'rolled back: 2 of 2 replicas ready';
    },
  },
];
