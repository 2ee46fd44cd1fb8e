// What is measured: each tool applies the set once (first) and then again, when there is nothing left to do.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ControlPlane } from '../support/cluster/control-plane.ts';
import type { MeasuredCommand } from './measure.ts';

/** What every tool gets. */
export interface BenchInput {
  readonly plane: ControlPlane;
  /** All objects as one YAML file. */
  readonly file: string;
  /** File with the CA of the cluster. */
  readonly caFile: string;
  /** A Git repository with `holdfast.yaml` and the same objects, one directory per application. */
  readonly repository: string;
  /** A directory of this tool and round alone. */
  readonly scratch: string;
  readonly kubectl: string;
}

export interface BenchTool {
  readonly name: string;
  readonly phases: readonly (readonly [phase: string, command: (input: BenchInput) => Promise<MeasuredCommand>])[];
}

const bench = import.meta.dirname;
const root = path.resolve(bench, '../..');
const localNode = path.join(root, 'node_modules/.bin/node');
/** The Node that the project pins; the one that runs this when it is not installed. */
const node = existsSync(localNode) ? localNode : process.execPath;

function twice(command: (input: BenchInput) => MeasuredCommand): BenchTool['phases'] {
  const run = (input: BenchInput) => Promise.resolve(command(input));
  return [
    ['first', run],
    ['again', run],
  ];
}

const floor: BenchTool = {
  name: 'floor',
  phases: twice(({ file, plane, caFile }) => ({
    command: node,
    args: [path.join(bench, 'floor.ts'), file, plane.url, caFile, plane.adminToken],
  })),
};

const client: BenchTool = {
  name: 'client',
  phases: twice(({ file, plane }) => ({
    command: node,
    args: [path.join(bench, 'client-apply.ts'), file, plane.kubeconfig],
  })),
};

const kubectl: BenchTool = {
  name: 'kubectl',
  phases: twice(({ kubectl, file, plane, scratch }) => ({
    command: kubectl,
    args: ['apply', '--server-side', '-f', file],
    env: { KUBECONFIG: plane.kubeconfig, HOME: scratch },
  })),
};

function holdfastApply({ repository, plane, scratch }: BenchInput): MeasuredCommand {
  const where = ['--repo', repository, '--kubeconfig', plane.kubeconfig, '--data', path.join(scratch, 'data')];
  return {
    command: node,
    args: [path.join(root, 'bin/holdfast.ts'), 'apply', ...where, '--yes', '--no-wait', '-o', 'json'],
    codes: [0, 1],
  };
}

const holdfast: BenchTool = {
  name: 'holdfast',
  phases: [
    ['first', (input) => Promise.resolve(holdfastApply(input))],
    [
      'again',
      async (input) => {
        // Everything is remembered but the renderings.
        const database = new DatabaseSync(path.join(input.scratch, 'data', 'state.db'));
        database.exec("DELETE FROM blobs WHERE key LIKE 'rendered/%'");
        database.close();
        return holdfastApply(input);
      },
    ],
    ['cached', (input) => Promise.resolve(holdfastApply(input))],
  ],
};

export const benchTools: readonly BenchTool[] = [floor, client, kubectl, holdfast];
