// The app of `cdk deploy`, as the CDK starts it: wrong settings end it before anything is made, with exit code 1 and no stack trace.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tempDir } from '../support/temp-dir.ts';

const root = join(import.meta.dirname, '..', '..');

function app(context: Readonly<Record<string, unknown>>): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(process.execPath, ['bin/app.ts'], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], CDK_OUTDIR: tempDir(), CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
}

it('wrong settings', { timeout: 60_000 }, () => {
  const { status, stderr } = app({ prefx: 'a', logLevel: 'LOUD' });
  expect(stderr).toBe(
    'context logLevel: must be one of DEBUG, INFO, WARN, ERROR\ncontext prefx: is not a setting; did you mean "prefix"?\n',
  );
  expect(status).toBe(1);
});
