// The `exec` section of a kubeconfig user: which program gives credentials.
import path from 'node:path';
import { HoldfastError } from '../../core/errors.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { strings, text } from './json-read.ts';

export interface ExecSpec {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint: string;
  readonly provideClusterInfo: boolean;
}

const supported = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];

/** Reads the section; a relative path with a slash is relative to the kubeconfig. Throws `KubeconfigInvalid`. */
export function readExecSpec(section: JsonObject, file: string): ExecSpec {
  const apiVersion = text(section.apiVersion);
  const command = text(section.command);
  if (command === '') throw invalid(file, 'exec has no command');
  if (!supported.includes(apiVersion)) {
    throw invalid(file, `exec apiVersion '${apiVersion}' is not one of ${supported.join(', ')}`);
  }
  if (section.interactiveMode === 'Always') {
    throw invalid(file, `exec command '${command}' wants a terminal (interactiveMode: Always)`);
  }
  const env: Record<string, string> = {};
  for (const entry of Array.isArray(section.env) ? section.env.filter(isObject) : []) {
    env[text(entry.name)] = text(entry.value);
  }
  const relative = !path.isAbsolute(command) && command.includes('/');
  return {
    apiVersion,
    command: relative ? path.resolve(path.dirname(file), command) : command,
    args: strings(section.args),
    env,
    installHint: text(section.installHint).trim(),
    provideClusterInfo: section.provideClusterInfo === true,
  };
}

function invalid(file: string, reason: string): HoldfastError {
  return new HoldfastError({
    code: 'KubeconfigInvalid',
    source: 'user',
    message: `${file}: ${reason}`,
    object: file,
    reason,
    next: 'kubectl config view',
  });
}
