// `npm run cluster`: a real control plane for a person, until Ctrl-C.
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { startControlPlane, type ControlPlaneOptions } from './control-plane.ts';

const usage = `Usage: npm run cluster -- [--kubeconfig FILE] [--controllers none|minimal|all]

Brings up a real Kubernetes control plane (etcd, kube-apiserver, controllers, a fake kubelet) on free ports of 127.0.0.1,
writes a kubeconfig for it, and serves until Ctrl-C. Everything in it is thrown away then.
The program is built from Go modules when it is missing: that takes minutes, and needs Go; after that it takes seconds.

  --kubeconfig FILE    where to write the kubeconfig (default: in a temporary directory; the path is printed)
  --controllers WHICH  none: objects only; minimal: workloads, namespaces, garbage collection (default); all
  --help               this text

Exit status: 130 after Ctrl-C, 2 when it cannot be started or one of its programs ends, 3 for a mistake in the arguments.
`;

type Controllers = NonNullable<ControlPlaneOptions['controllers']>;

interface Arguments {
  readonly kubeconfig: string | undefined;
  readonly controllers: Controllers;
}

function readArguments(): Arguments | 'help' {
  const { values } = parseArgs({
    options: { kubeconfig: { type: 'string' }, controllers: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return 'help';
  const controllers = values.controllers ?? 'minimal';
  if (controllers !== 'none' && controllers !== 'minimal' && controllers !== 'all') {
    throw new TypeError(`--controllers must be none, minimal or all, not '${controllers}'`);
  }
  return { kubeconfig: values.kubeconfig, controllers };
}

async function serve({ kubeconfig, controllers }: Arguments): Promise<void> {
  const interrupted = new Promise<number>((resolve) => {
    process.once('SIGINT', () => resolve(130));
    process.once('SIGTERM', () => resolve(143));
  });
  const started = performance.now();
  const starting = startControlPlane({ controllers });
  const plane = await Promise.race([starting, interrupted]);
  if (typeof plane === 'number') {
    // Everything that was started ends with this process.
    process.exit(plane);
  }
  const file = kubeconfig === undefined ? plane.kubeconfig : path.resolve(kubeconfig);
  if (file !== plane.kubeconfig) await copyFile(plane.kubeconfig, file);
  const ms = Math.round(performance.now() - started);
  process.stderr.write(`Kubernetes at ${plane.url}, controllers: ${controllers}, up in ${ms} ms. Ctrl-C ends it.\n`);
  process.stdout.write(`export KUBECONFIG=${file}\n`);
  const end = await Promise.race([interrupted, plane.ended]);
  if (typeof end === 'string') process.stderr.write(`cluster: ${end}\n`);
  process.exitCode = typeof end === 'string' ? 2 : end;
  await plane.stop();
}

async function main(): Promise<void> {
  let parsed: Arguments | 'help';
  try {
    parsed = readArguments();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exitCode = 3;
    return;
  }
  if (parsed === 'help') process.stdout.write(usage);
  else await serve(parsed);
}

await main().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  const reason = error instanceof HoldfastError && error.reason ? `\n${error.reason}` : '';
  process.stderr.write(`cluster: ${text}${reason}\n`);
  process.exitCode = 2;
});
