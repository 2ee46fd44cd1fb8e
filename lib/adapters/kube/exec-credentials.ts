// Credentials from an exec plugin (`aws eks get-token` and the like), kept until they expire or are refused.
import { spawn } from 'node:child_process';
import { HoldfastError } from '../../core/errors.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import type { Credentials, CredentialSource } from './connection.ts';
import type { ExecSpec } from './exec-spec.ts';
import { text } from './json-read.ts';

/** New credentials are fetched this long before the old ones expire: a request must not be under way with an old one. */
const earlyMs = 10_000;
const deadlineMs = 60_000;
const maxOutput = 1024 * 1024;

export interface ExecOptions {
  readonly spec: ExecSpec;
  /** The cluster as plugins are told about it, when they ask. */
  readonly cluster: JsonObject;
  /** Client certificate and key to use besides a token. */
  readonly certificate: Credentials;
  readonly env: NodeJS.ProcessEnv;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
}

export function execCredentials(options: ExecOptions): CredentialSource {
  const { spec, now } = options;
  let last: { readonly credentials: Credentials; readonly expiresAt: number } | undefined;
  return {
    renewable: true,
    current: () => (last !== undefined && now() < last.expiresAt - earlyMs ? last.credentials : undefined),
    async renew() {
      const output = await runPlugin(options);
      last = readCredential(spec, output, options.certificate);
      return last.credentials;
    },
  };
}

function runPlugin({ spec, cluster, env }: ExecOptions): Promise<string> {
  const info = {
    apiVersion: spec.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(spec.provideClusterInfo ? { cluster } : {}) },
  };
  return new Promise((resolve, reject) => {
    const child = spawn(spec.command, spec.args, {
      env: { ...env, ...spec.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      if (output.length > maxOutput) child.kill('SIGKILL');
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      complaint = (complaint + chunk).slice(-500);
    });
    child.on('error', (error: NodeJS.ErrnoException) => reject(cannotStart(spec, error)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(failed(spec, complaint.trim() || `ended with ${code ?? signal ?? 'nothing'}`));
    });
  });
}

/** The plugin's answer. Its text is never quoted: it holds the token. */
function readCredential(spec: ExecSpec, output: string, certificate: Credentials) {
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    throw failed(spec, 'its answer is not JSON');
  }
  if (!isObject(answer) || answer.kind !== 'ExecCredential' || answer.apiVersion !== spec.apiVersion) {
    throw failed(spec, `its answer is not an ExecCredential of ${spec.apiVersion}`);
  }
  const status = isObject(answer.status) ? answer.status : {};
  const token = text(status.token);
  const [cert, key] = [text(status.clientCertificateData), text(status.clientKeyData)];
  if (token === '' && (cert === '' || key === '')) throw failed(spec, 'its answer has neither token nor certificate');
  const expiry = Date.parse(text(status.expirationTimestamp));
  const credentials: Credentials = {
    ...certificate,
    ...(cert === '' ? {} : { cert, key }),
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
  };
  return { credentials, expiresAt: Number.isNaN(expiry) ? Number.POSITIVE_INFINITY : expiry };
}

function failed(spec: ExecSpec, reason: string): HoldfastError {
  return new HoldfastError({
    code: 'ExecPluginFailed',
    source: 'user',
    retryable: true,
    message: `The kubeconfig's exec plugin '${spec.command}' gave no credentials`,
    reason,
    // Not the plugin's own command line: its arguments may hold a client secret.
    next: 'kubectl get --raw /version',
  });
}

function cannotStart(spec: ExecSpec, error: NodeJS.ErrnoException): HoldfastError {
  const hint = spec.installHint === '' ? '' : `; ${spec.installHint}`;
  return new HoldfastError({
    code: 'ExecPluginMissing',
    source: 'user',
    message: `The kubeconfig's exec plugin '${spec.command}' cannot be started`,
    reason: `${error.code ?? error.message}${hint}`,
    next: `command -v ${spec.command}`,
  });
}
