// Follows a kustomization: every file that Kustomize would read, and every reference that it must not follow.
import { isObject, type Json, type JsonObject } from '../json.ts';
import { childPath, resolvePath, shown } from '../source/path.ts';
import { kustomizationNames } from './detect.ts';
import type { Inputs, Kustomization } from './inputs-context.ts';
import { followHelmCharts } from './inputs-kustomize-helm.ts';
import { pluginFiles } from './inputs-kustomize-plugins.ts';
import { readManifests } from './yaml.ts';

/** What Kustomize would fetch: URLs, Git's scp form, its own prefixes, and anything with Git's query parameters. */
const remote =
  /^(?:git::|gh:|github\.com[/:]|[a-z][a-z0-9+.-]*:\/\/|[\w.-]+@[\w.-]+[:/])|\?(?:ref|version|timeout|submodules)=/i;

/** Follows the kustomization of a directory and everything below it. */
export async function followKustomization(directory: string, inputs: Inputs): Promise<void> {
  await new Follower(inputs).directory(directory, []);
}

class Follower {
  readonly #inputs: Inputs;
  readonly #done = new Set<string>();

  constructor(inputs: Inputs) {
    this.#inputs = inputs;
  }

  async directory(directory: string, chain: readonly string[]): Promise<void> {
    if (this.#done.has(directory)) return;
    this.#done.add(directory);
    const files: string[] = [];
    for (const name of kustomizationNames) {
      const path = childPath(directory, name);
      const node = await this.#inputs.look(path);
      if (node !== undefined && node.kind !== 'directory') files.push(path);
    }
    const [file] = files;
    if (file === undefined) return;
    if (files.length > 1) {
      this.#inputs.problem(
        { file },
        'KustomizeTwoFiles',
        `${shown(directory)} has ${files.join(' and ')}; Kustomize takes one`,
      );
      return;
    }
    const kustomization = await this.#read(file, directory, chain);
    if (kustomization !== undefined) await this.#follow(kustomization);
  }

  async #read(file: string, directory: string, chain: readonly string[]): Promise<Kustomization | undefined> {
    const text = await this.#inputs.text(file);
    if (text === undefined) return undefined;
    const { documents, problems } = readManifests(file, text);
    this.#inputs.problems.push(...problems);
    const content = documents[0]?.value;
    if (problems.length > 0) return undefined;
    if (isObject(content)) return { directory, file, text, content, chain: [...chain, directory] };
    this.#inputs.problem({ file }, 'KustomizationInvalid', 'a kustomization is a mapping');
    return undefined;
  }

  async #follow(kustomization: Kustomization): Promise<void> {
    const { content } = kustomization;
    await followHelmCharts(kustomization, this.#inputs);
    for (const field of ['resources', 'bases', 'components']) {
      for (const entry of texts(content[field])) await this.#resource(kustomization, field, entry);
    }
    for (const field of ['crds', 'configurations']) {
      for (const entry of texts(content[field])) await this.#file(kustomization, field, entry);
    }
    for (const field of ['patches', 'patchesStrategicMerge', 'patchesJson6902', 'replacements']) {
      await this.#patches(kustomization, field);
    }
    for (const field of ['configMapGenerator', 'secretGenerator']) {
      for (const generator of objects(content[field])) {
        for (const entry of generatorFiles(generator)) await this.#file(kustomization, field, entry);
      }
    }
    for (const field of ['generators', 'transformers', 'validators']) {
      for (const entry of texts(content[field])) await this.#plugin(kustomization, field, entry);
    }
    const openapi = content['openapi'];
    if (isObject(openapi))
      for (const entry of textsOf(openapi['path'])) await this.#file(kustomization, 'openapi', entry);
  }

  /** A file, or a directory with a kustomization of its own. */
  async #resource(kustomization: Kustomization, field: string, entry: string): Promise<void> {
    const at = { ...kustomization, near: entry };
    const path = await this.#local(kustomization, field, entry);
    if (path === undefined) return;
    const node = await this.#inputs.look(path);
    if (node === undefined) return this.#missing(kustomization, field, entry);
    if (node.kind !== 'directory') {
      if (field === 'resources') this.#refuseAbove(kustomization, field, entry, path);
      else this.#inputs.problem(at, 'KustomizePath', `${field}: "${shown(entry)}" is a file, not a directory`);
      return;
    }
    this.#inputs.paths.delete(path);
    if (kustomization.chain.includes(path)) {
      const circle = [...kustomization.chain.slice(kustomization.chain.indexOf(path)), path];
      this.#inputs.problem(
        at,
        'KustomizeCycle',
        `kustomizations lead in a circle: ${circle.map((one) => shown(one === '' ? '.' : one)).join(' -> ')}`,
      );
      return;
    }
    await this.directory(path, kustomization.chain);
    const has = await Promise.all(kustomizationNames.map((name) => this.#inputs.tree.lookup(childPath(path, name))));
    if (has.every((one) => one === undefined)) {
      this.#inputs.problem(
        at,
        'KustomizePath',
        `${field}: "${shown(entry)}" is a directory without kustomization.yaml`,
      );
    }
  }

  async #file(kustomization: Kustomization, field: string, entry: string): Promise<void> {
    const path = await this.#local(kustomization, field, entry);
    if (path === undefined) return;
    if ((await this.#inputs.look(path)) === undefined) return this.#missing(kustomization, field, entry);
    this.#refuseAbove(kustomization, field, entry, path);
  }

  /** Directories may be anywhere in the repository; files only where Kustomize's own restriction lets it read them. */
  #refuseAbove(kustomization: Kustomization, field: string, entry: string, path: string): void {
    if (kustomization.directory === '' || path.startsWith(`${kustomization.directory}/`)) return;
    this.#inputs.problem(
      { ...kustomization, near: entry },
      'KustomizePath',
      `${field}: "${shown(entry)}" is a file outside this directory; Kustomize only reads files in or below it`,
    );
  }

  async #patches(kustomization: Kustomization, field: string): Promise<void> {
    const list = kustomization.content[field];
    for (const entry of texts(list)) if (!isInline(entry)) await this.#file(kustomization, field, entry);
    for (const patch of objects(list)) {
      for (const entry of textsOf(patch['path'])) await this.#file(kustomization, field, entry);
    }
  }

  /** Configuration of a generator or transformer: inline, a file, or a directory with a kustomization. */
  async #plugin(kustomization: Kustomization, field: string, entry: string): Promise<void> {
    const at = { ...kustomization, near: entry };
    if (isInline(entry)) {
      await pluginFiles({ inputs: this.#inputs, directory: kustomization.directory, at, text: entry });
      return;
    }
    const path = await this.#local(kustomization, field, entry);
    if (path === undefined) return;
    const node = await this.#inputs.look(path);
    if (node === undefined) return this.#missing(kustomization, field, entry);
    if (node.kind === 'directory') {
      await this.#resource(kustomization, 'resources', entry);
      this.#inputs.paths.add(path);
    }
    for (const file of (await this.#inputs.tree.walk(path)) ?? []) {
      if (!/\.(?:ya?ml|json)$/i.test(file.path) && node.kind === 'directory') continue;
      const text = await this.#inputs.text(file.path);
      if (text === undefined) continue;
      await pluginFiles({
        inputs: this.#inputs,
        directory: kustomization.directory,
        at: { file: file.path, text },
        text,
      });
    }
  }

  async #local(kustomization: Kustomization, field: string, entry: string): Promise<string | undefined> {
    const at = { ...kustomization, near: entry };
    const path = resolvePath(kustomization.directory, entry);
    if (remote.test(entry) && !(await this.#isFile(entry, path))) {
      this.#inputs.problem(
        at,
        'KustomizeRemote',
        `${field}: "${shown(entry)}" is remote; rendering has no network, so copy it into the repository`,
      );
      return undefined;
    }
    if (path !== undefined) return path;
    this.#inputs.problem(at, 'KustomizePath', `${field}: "${shown(entry)}" is absolute or leads out of the repository`);
    return undefined;
  }

  /** Kustomize takes a file that is there before it takes a name for an address; only URLs are never files. */
  async #isFile(entry: string, path: string | undefined): Promise<boolean> {
    if (path === undefined || /^https?:/i.test(entry)) return false;
    const node = await this.#inputs.look(path);
    return node !== undefined && node.kind !== 'directory';
  }

  #missing(kustomization: Kustomization, field: string, entry: string): void {
    this.#inputs.problem(
      { ...kustomization, near: entry },
      'KustomizeMissing',
      `${field}: there is no "${shown(entry)}"`,
    );
  }
}

/** Inline YAML where a path could stand. */
function isInline(entry: string): boolean {
  return entry.includes('\n') || /^\s*(?:\{|- |\[|[\w"'-]+:\s)/.test(entry);
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function texts(value: Json | undefined): readonly string[] {
  return list(value).flatMap(textsOf);
}

function textsOf(value: Json | undefined): readonly string[] {
  return typeof value === 'string' && value !== '' ? [value] : [];
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return list(value).filter(isObject);
}

/** Paths that a ConfigMap or Secret generator reads; `key=path` gives the path. */
function generatorFiles(generator: JsonObject): readonly string[] {
  const files = texts(generator['files']).map((entry) => entry.slice(entry.indexOf('=') + 1));
  return [...files, ...texts(generator['envs']), ...textsOf(generator['env'])].filter((entry) => entry !== '');
}
