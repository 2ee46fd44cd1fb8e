// Where kubectl and helm are: named by the environment, on the PATH if new enough, or from the npm package; and which versions.
import { access, constants, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { gte, parse } from 'semver';
import { HoldfastError } from '../../core/errors.ts';
import { packagedBinary } from './packaged.ts';
import { probe, type ToolName } from './probe.ts';

/** A program that was found and answered. */
export interface Tool {
  readonly name: ToolName;
  readonly path: string;
  /** Where it was found. */
  readonly origin: 'environment' | 'path' | 'package';
  /** As the program says: helm `v4.2.3`, kubectl `v1.36.3 kustomize v5.8.1`. */
  readonly version: string;
}

export interface ToolsOptions {
  /** HOLDFAST_KUBECTL, HOLDFAST_HELM, PATH and XDG_CACHE_HOME are read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where packaged programs and probed versions are kept; by default `holdfast` in the user's cache directory. */
  readonly cacheDirectory?: string;
}

/** Finds each program once. */
export interface Tools {
  /**
   * `atLeast` asks for more than the oldest version that is taken. Throws `RenderBinaryMissing`, and `RenderBinaryUnusable` for
   * one that the environment names and that does not work.
   */
  find(name: ToolName, atLeast?: string): Promise<Tool>;
}

/** kubectl 1.27 is the first with Kustomize 5; helm 3.8 the first with registries as a settled feature. */
const oldest: Readonly<Record<ToolName, string>> = { kubectl: '1.27.0', helm: '3.8.0' };
const variables: Readonly<Record<ToolName, string>> = { kubectl: 'HOLDFAST_KUBECTL', helm: 'HOLDFAST_HELM' };

/** The places where programs are looked for; nothing is run before the first call. */
export function createTools(options: ToolsOptions): Tools {
  const found = new Map<string, Promise<Tool>>();
  return {
    find: async (name, atLeast = oldest[name]) => {
      const key = `${name} ${atLeast}`;
      let tool = found.get(key);
      if (tool === undefined) {
        tool = findTool(name, atLeast, options);
        found.set(key, tool);
        // A failure is not remembered: the program may be installed while we run.
        tool.catch(() => found.delete(key));
      }
      return await tool;
    },
  };
}

function cacheOf(options: ToolsOptions): string {
  if (options.cacheDirectory !== undefined) return options.cacheDirectory;
  const base = options.env['XDG_CACHE_HOME'];
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.cache'), 'holdfast');
}

async function findTool(name: ToolName, atLeast: string, options: ToolsOptions): Promise<Tool> {
  const cache = cacheOf(options);
  const variable = variables[name];
  const named = options.env[variable];
  if (named !== undefined && named !== '') return await namedTool(name, atLeast, resolve(named), cache);
  const rejected: string[] = [];
  for (const path of await onPath(name, options.env['PATH'] ?? '')) {
    const version = await cachedVersion(name, path, cache);
    if (version !== undefined && newEnough(version, atLeast)) return { name, path, origin: 'path', version };
    rejected.push(`${path} (${version ?? 'does not answer'})`);
  }
  const path = await packagedBinary(name, cache);
  const version = path === undefined ? undefined : await cachedVersion(name, path, cache);
  if (path !== undefined && version !== undefined) return { name, path, origin: 'package', version };
  throw missing(name, atLeast, rejected);
}

async function namedTool(name: ToolName, atLeast: string, path: string, cache: string): Promise<Tool> {
  const variable = variables[name];
  const version = await cachedVersion(name, path, cache);
  if (version !== undefined && newEnough(version, atLeast)) return { name, path, origin: 'environment', version };
  throw new HoldfastError({
    code: 'RenderBinaryUnusable',
    source: 'system',
    message: `${variable} names ${path}, which ${version === undefined ? `is no working ${name}` : `is ${version}; ${atLeast} or newer is needed`}`,
    next: `Correct or unset ${variable}`,
  });
}

function missing(name: ToolName, atLeast: string, rejected: readonly string[]): HoldfastError {
  const tried = rejected.length === 0 ? '' : `; not usable: ${rejected.join(', ')}`;
  return new HoldfastError({
    code: 'RenderBinaryMissing',
    source: 'system',
    message: `${name} ${atLeast} or newer is needed and was not found${tried}`,
    next: `Install ${name}, or set ${variables[name]} to its path; then holdfast doctor`,
  });
}

function newEnough(version: string, atLeast: string): boolean {
  const parsed = parse(version.split(' ')[0] ?? '', { loose: true });
  // Builds of distributions carry suffixes that look like pre-releases.
  return parsed !== null && gte(`${parsed.major}.${parsed.minor}.${parsed.patch}`, atLeast);
}

async function onPath(name: string, path: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const directory of path.split(delimiter)) {
    if (!isAbsolute(directory)) continue;
    const candidate = join(directory, process.platform === 'win32' ? `${name}.exe` : name);
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable && !found.includes(candidate)) found.push(candidate);
  }
  return found;
}

/** The version of a program; asked again only when the file changed. */
async function cachedVersion(name: ToolName, path: string, cache: string): Promise<string | undefined> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined || !file.isFile()) return undefined;
  const key = `${path}|${file.mtimeMs}|${file.size}`;
  const store = join(cache, `version-${name}.json`);
  const known = await readKnown(store);
  const remembered = known[key];
  if (remembered !== undefined) return remembered;
  const version = await probe(name, path);
  if (version === undefined) return undefined;
  const entries = [...Object.entries(known), [key, version]].slice(-20);
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const partial = `${store}.${process.pid}`;
  await writeFile(partial, JSON.stringify(Object.fromEntries(entries)), { mode: 0o600 });
  await rename(partial, store);
  return version;
}

async function readKnown(store: string): Promise<Readonly<Record<string, string>>> {
  try {
    const known = JSON.parse(await readFile(store, 'utf8')) as unknown;
    return typeof known === 'object' && known !== null ? (known as Record<string, string>) : {};
  } catch {
    return {};
  }
}
