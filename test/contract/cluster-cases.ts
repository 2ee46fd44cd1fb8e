// Runs tables of cases on a cluster: a namespace of its own for each, and deviations that must still deviate.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiDirectory, KubeClient } from '../../lib/adapters/kube/types.ts';
import type { KubeObject } from '../../lib/core/kubernetes/object.ts';
import type { Deviations } from './cluster.deviations.ts';

export interface ClusterUnderTest {
  /** Of an administrator. */
  readonly client: KubeClient;
  stop(): Promise<void>;
}

/** A suite: its name, its cases by part, and what each case gets. */
export interface ClusterSuite<Bench> {
  readonly name: string;
  readonly parts: readonly (readonly [
    part: string,
    cases: readonly { readonly name: string; readonly run: (bench: Bench) => Promise<void> }[],
  ])[];
  readonly bench: (client: KubeClient, directory: ApiDirectory, namespace: string) => Bench;
}

/** Runs the suite. A case that is listed as a deviation must fail: an entry that is no longer needed is an error. */
export function runClusterCases<Bench extends { apply(object: KubeObject): Promise<unknown> }>(
  suite: ClusterSuite<Bench>,
  start: () => Promise<ClusterUnderTest>,
  deviations: Deviations,
): void {
  let cluster: ClusterUnderTest;
  let directory: ApiDirectory;

  beforeAll(async () => {
    cluster = await start();
    directory = await cluster.client.discover();
  });
  afterAll(async () => {
    cluster?.client.close();
    await cluster?.stop();
  });

  /** Namespaces are never deleted: that takes a real cluster seconds, and nobody looks at them again. */
  async function freshBench(): Promise<Bench> {
    const name = `case-${randomBytes(5).toString('hex')}`;
    const bench = suite.bench(cluster.client, directory, name);
    await bench.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    return bench;
  }

  for (const [part, cases] of suite.parts) {
    describe(`${suite.name}: ${part}`, () => {
      for (const { name, run } of cases) {
        const body = async () => run(await freshBench());
        const reason = deviations[name];
        const define = reason === undefined ? test : test.fails;
        define(reason === undefined ? name : `${name} (deviates: ${reason})`, body);
      }
    });
  }

  test(`every listed deviation of the ${suite.name} names a case`, () => {
    const names = new Set(suite.parts.flatMap(([, cases]) => cases.map(({ name }) => name)));
    expect(Object.keys(deviations).filter((name) => !names.has(name))).toEqual([]);
  });
}
