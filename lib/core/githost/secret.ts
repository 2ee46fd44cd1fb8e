// The secret that opens a repository: its forms, and what is wrong with one, without ever repeating it.
import type { JsonObject } from '../json.ts';
import { isObject } from '../json.ts';

export type GitSecret =
  | { readonly kind: 'token'; readonly token: string; readonly username?: string }
  | {
      readonly kind: 'githubApp';
      readonly appId: string;
      readonly installationId: string;
      /** PEM. */
      readonly privateKey: string;
      /** Of GitHub Enterprise Server; without a slash at its end. */
      readonly apiUrl?: string;
    };

export type SecretResult =
  | { readonly kind: 'secret'; readonly secret: GitSecret }
  /** Nothing is kept for this repository. */
  | { readonly kind: 'none' }
  | { readonly kind: 'problem'; readonly problem: string };

const problem = (text: string): SecretResult => ({ kind: 'problem', problem: text });

/**
 * Reads the text of a secret. With `alias`, a JSON text is a map from alias to secret; a text that is no JSON object is a
 * token in both cases. Never throws.
 */
export function readGitSecret(text: string, alias?: string): SecretResult {
  const trimmed = text.trim();
  if (trimmed === '') return { kind: 'none' };
  if (!trimmed.startsWith('{')) return tokenOf(trimmed, undefined);
  const value = parsed(trimmed);
  if (!isObject(value)) return problem('it begins like JSON and is not valid JSON');
  if (alias === undefined) return credentialsOf(value);
  const own = Object.hasOwn(value, alias) ? value[alias] : undefined;
  if (own === undefined) return { kind: 'none' };
  if (typeof own === 'string') return tokenOf(own.trim(), undefined);
  return isObject(own) ? credentialsOf(own) : problem(`its member "${alias}" is neither a token nor an object`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function credentialsOf(value: JsonObject): SecretResult {
  const { token, username, githubApp } = value;
  if (githubApp !== undefined)
    return token === undefined ? appOf(githubApp) : problem('it has "token" and "githubApp"');
  if (token === undefined) return problem('it has neither "token" nor "githubApp"');
  if (typeof token !== 'string') return problem('"token" is not a text');
  if (username !== undefined && typeof username !== 'string') return problem('"username" is not a text');
  return tokenOf(token.trim(), username);
}

function tokenOf(token: string, username: string | undefined): SecretResult {
  if (!/^[\x21-\x7e]{1,8192}$/.test(token)) {
    return problem('the token is empty, too long, or holds a space or another character that no token has');
  }
  if (username !== undefined && !/^[^:\p{Cc}]{1,200}$/u.test(username)) {
    return problem('"username" is empty, too long, or holds a colon or a control character');
  }
  return { kind: 'secret', secret: { kind: 'token', token, ...(username === undefined ? {} : { username }) } };
}

function appOf(value: unknown): SecretResult {
  if (!isObject(value)) return problem('"githubApp" is not an object');
  const appId = identifier(value['appId']);
  const installationId = identifier(value['installationId']);
  const { privateKey, apiUrl } = value;
  if (appId === undefined) return problem('"githubApp.appId" is not the id of an App');
  if (installationId === undefined || !/^\d+$/.test(installationId)) {
    return problem('"githubApp.installationId" is not the number of an installation');
  }
  // A key that went through a form or a shell often has its line ends written out.
  const pem = typeof privateKey === 'string' ? privateKey.replaceAll('\\n', '\n').trim() : '';
  if (!/^-----BEGIN (?:RSA )?PRIVATE KEY-----\s[\s\S]+\s-----END (?:RSA )?PRIVATE KEY-----$/.test(pem)) {
    return problem('"githubApp.privateKey" is not a private key in PEM form');
  }
  if (apiUrl !== undefined && (typeof apiUrl !== 'string' || !/^https?:\/\/[^\s@?#]{1,300}$/.test(apiUrl))) {
    return problem('"githubApp.apiUrl" is not a URL');
  }
  const secret = { kind: 'githubApp', appId, installationId, privateKey: `${pem}\n` } as const;
  const api = apiUrl === undefined ? {} : { apiUrl: apiUrl.replace(/\/+$/, '') };
  return { kind: 'secret', secret: { ...secret, ...api } };
}

/** Ids are written as numbers as often as as text; an App may also be named by its client id. */
function identifier(value: unknown): string | undefined {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  return typeof text === 'string' && /^[A-Za-z0-9.]{1,40}$/.test(text) ? text : undefined;
}
