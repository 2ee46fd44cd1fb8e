// Renderer programs get nothing of our environment, end when they must, and leave nothing behind.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runTool, type ToolCall } from '../../../lib/adapters/render/run.ts';
import { sweepWorkspaces, withWorkspace } from '../../../lib/adapters/render/workspace.ts';
import type { BundleFile } from '../../../lib/core/render/model.ts';
import { eventually } from '../../support/eventually.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A program of a few lines of shell. */
function program(script: string): string {
  const path = join(tempDir(), 'tool');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o700);
  return path;
}

function call(script: string, more: Partial<ToolCall> = {}): ToolCall {
  const home = tempDir();
  return { program: program(script), args: [], cwd: home, home, ...more };
}

const file = (path: string, text = 'x'): BundleFile => ({ path, executable: false, bytes: Buffer.from(text) });

test('the environment holds no variable of ours, no programs, and a proxy that leads nowhere', async () => {
  process.env['AWS_SECRET_ACCESS_KEY'] = 'secret';
  const { stdout } = await runTool(call('export -p; command -v git || echo none'));
  delete process.env['AWS_SECRET_ACCESS_KEY'];
  const text = stdout.toString();
  expect(text).not.toContain('secret');
  expect(text).not.toContain('AWS_');
  expect(text).toMatch(/HTTPS_PROXY='?http:\/\/127\.0\.0\.1:9/);
  expect(text).toMatch(/none\n$/);
});

test('arguments are passed as they are, never as shell text', async () => {
  const args = ['$(touch x)', '; exit 3', '`id`', '--', '-n', 'a b', ''];
  const { stdout, code } = await runTool(call('for a in "$@"; do echo "<$a>"; done', { args }));
  expect([code, stdout.toString()]).toEqual([0, args.map((one) => `<${one}>\n`).join('')]);
});

test('a failing program is an answer, not an error', async () => {
  expect(await runTool(call('echo out; echo err >&2; exit 7'))).toMatchObject({ code: 7, stderr: 'err\n' });
});

test('the deadline ends the whole process group, even one that ignores SIGTERM', async () => {
  const directory = tempDir();
  const script = `trap '' TERM\n( trap '' TERM; echo $$ > ${directory}/pid; while :; do :; done )`;
  await expect(runTool(call(script, { deadlineMs: 300 }))).rejects.toMatchObject({
    code: 'RenderTimeout',
    source: 'user',
  });
  const pid = Number(readFileSync(join(directory, 'pid'), 'utf8'));
  await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
});

test('too much output ends it', async () => {
  const endless = call('while :; do echo 0123456789012345678901234567890123456789; done', { outputBytes: 100_000 });
  await expect(runTool(endless)).rejects.toMatchObject({ code: 'RenderTooLarge' });
});

test('an abort ends it', async () => {
  const signal = { aborted: false };
  const running = runTool(call('while :; do :; done', { signal }));
  signal.aborted = true;
  await expect(running).rejects.toMatchObject({ code: 'RenderAborted', retryable: true });
});

test('a program that is not there', async () => {
  const home = tempDir();
  const answer = await runTool({ program: '/no/such/program', args: [], cwd: home, home });
  expect(answer.code).not.toBe(0);
});

test('the workspace holds exactly the files, readable by nobody else, and is gone afterwards', async () => {
  let seen = '';
  const result = await withWorkspace([file('a/b/c.yaml', 'one'), file('d.yaml')], async ({ repository, clean }) => {
    seen = repository;
    expect(readFileSync(join(repository, 'a/b/c.yaml'), 'utf8')).toBe('one');
    expect(statSync(join(repository, '..')).mode & 0o777).toBe(0o700);
    expect(statSync(join(repository, 'd.yaml')).mode & 0o777).toBe(0o600);
    return clean(`error in ${repository}/a/b/c.yaml and ${repository}`);
  });
  expect(result).toBe('error in a/b/c.yaml and .');
  expect(existsSync(seen)).toBe(false);
  const failing = withWorkspace([file('x')], async ({ repository }) => {
    seen = repository;
    throw new TypeError('x');
  });
  await expect(failing).rejects.toThrow('x');
  expect(existsSync(seen)).toBe(false);
});

test.each(['../x', '/etc/x', 'a/../../x', '.git/config', 'a//b', '', 'a/./b'])(
  'a bundle with the path %j writes nothing',
  async (path) => {
    await expect(withWorkspace([file(path)], async () => 'reached')).rejects.toMatchObject({ code: 'BundleInvalid' });
  },
);

test('directories of processes that are gone are swept, those of living ones stay', async () => {
  // Above the largest process id of Linux.
  const dead = join(tmpdir(), 'holdfast-render-99999999-abc');
  const alive = join(tmpdir(), `holdfast-render-${process.pid}-abc`);
  mkdirSync(join(dead, 'repository'), { recursive: true });
  mkdirSync(alive, { recursive: true });
  await sweepWorkspaces();
  expect(readdirSync(tmpdir()).filter((name) => dead.endsWith(name) || alive.endsWith(name))).toEqual([
    alive.slice(tmpdir().length + 1),
  ]);
  await withWorkspace([], async () => undefined);
  const { rmSync } = await import('node:fs');
  rmSync(alive, { recursive: true });
});
