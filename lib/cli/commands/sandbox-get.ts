// `holdfast sandbox get`: what is live in the embedded cluster and stacks.
import { stringify } from 'yaml';
import type { KubeObject } from '../../core/kubernetes/object.ts';
import { liveResource } from '../../runtime/sandbox-stacks.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, wantsJson } from '../flags.ts';
import { paintOut, table, writeOut } from '../output.ts';
import { parseSubject, withHand, withSandbox } from '../sandbox.ts';

export async function run(words: readonly string[], flags: CommandFlags): Promise<number> {
  const target = parseSubject(words[0] ?? 'deployments', flags);
  if (target.kind === 'stack') {
    const live = await withSandbox(
      flags,
      async (sandbox) => await liveResource(sandbox.stacksEndpoint, target.stack, target.logicalId),
    );
    await writeOut(
      wantsJson(flags)
        ? `${JSON.stringify(live ?? null, undefined, 2)}\n`
        : live === undefined
          ? 'It is not there.\n'
          : stringify(live),
    );
    return live === undefined ? exitCodes.error : exitCodes.ok;
  }
  const objects = await withHand(flags, async (hand) => await hand.get(target.subject));
  if (wantsJson(flags))
    await writeOut(
      `${JSON.stringify(target.subject.name === undefined ? { apiVersion: 'v1', kind: 'List', items: objects } : objects[0], undefined, 2)}\n`,
    );
  else
    await writeOut(
      target.subject.name === undefined ? `${listText(objects)}\n` : stringify(withoutManagers(objects[0])),
    );
  return exitCodes.ok;
}

function listText(objects: readonly KubeObject[]): string {
  if (objects.length === 0) return 'None.';
  const head = ['KIND', 'NAMESPACE', 'NAME', 'APP'].map((title) => paintOut('dim', title));
  return table([
    head,
    ...objects.map((one) => [
      one.kind,
      one.metadata.namespace ?? '',
      one.metadata.name ?? '',
      one.metadata.labels?.['holdfast.dev/app'] ?? '',
    ]),
  ]);
}

function withoutManagers(object: KubeObject | undefined): object {
  if (object === undefined) return {};
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
