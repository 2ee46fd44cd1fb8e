// Puts local chart dependencies (`file://`) where Helm looks for them, and knows which file of the repository each chart file is.
import type { Problem } from '../../core/config/model.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { problemAt } from '../../core/render/desired.ts';
import { chartName } from '../../core/render/detect.ts';
import { dependenciesOf, isVendored, localDependency } from '../../core/render/inputs-helm.ts';
import type { Bundle, BundleFile, SourcePosition } from '../../core/render/model.ts';
import { readManifests } from '../../core/render/yaml.ts';
import { childPath } from '../../core/source/path.ts';
import { decodeUtf8 } from '../../core/text.ts';

/** A chart as Helm names it and where it is in the repository. */
export interface VendoredChart {
  /** `web`, `web/charts/common`. */
  readonly helmPath: string;
  readonly origin: string;
}

export interface Vendored {
  readonly files: readonly BundleFile[];
  /** The application's own chart first. */
  readonly charts: readonly VendoredChart[];
  readonly problems: readonly Problem[];
  /** A template that matches, if any. */
  unstable(pattern: RegExp): SourcePosition | undefined;
}

const maxLevels = 10;

class Vendoring {
  readonly files = new Map<string, BundleFile>();
  readonly charts: VendoredChart[] = [];
  readonly #bundle: Bundle;

  constructor(bundle: Bundle) {
    this.#bundle = bundle;
    for (const file of bundle.files) this.files.set(file.path, file);
  }

  /** `origin` in the repository appears at `target` in the workspace, with its own dependencies below it. */
  chart(place: { readonly origin: string; readonly target: string; readonly helmPath: string }, level: number): void {
    const { origin, target, helmPath } = place;
    if (target !== origin) this.#copy(origin, target);
    const content = this.#read(childPath(origin, chartName));
    this.charts.push({ helmPath, origin });
    if (level > maxLevels) return;
    const prefix = `${childPath(origin, 'charts')}/`;
    const present = [...new Set(this.#below(prefix).map((path) => path.slice(prefix.length).split('/')[0] ?? ''))];
    const older = this.#read(childPath(origin, 'requirements.yaml'));
    for (const dependency of [...dependenciesOf(content), ...dependenciesOf(older)]) {
      const local = localDependency(origin, dependency);
      const below = `charts/${dependency.name}`;
      const vendored = local === undefined || isVendored(present, dependency);
      if (dependency.alias !== '') {
        // Helm names its files by the alias.
        const place = vendored ? childPath(origin, below) : local;
        this.charts.push({ helmPath: `${helmPath}/charts/${dependency.alias}`, origin: place });
      }
      if (vendored) continue;
      this.chart({ origin: local, target: childPath(target, below), helmPath: `${helmPath}/${below}` }, level + 1);
    }
  }

  #below(prefix: string): readonly string[] {
    return this.#bundle.files.map((file) => file.path).filter((path) => path.startsWith(prefix));
  }

  #copy(origin: string, target: string): void {
    for (const path of this.#below(`${origin}/`)) {
      const file = this.files.get(path);
      const copy = childPath(target, path.slice(origin.length + 1));
      if (file !== undefined && !this.files.has(copy)) this.files.set(copy, { ...file, path: copy });
    }
  }

  #read(path: string): JsonObject {
    const file = this.files.get(path);
    const value = file === undefined ? undefined : readManifests(path, decodeUtf8(file.bytes)).documents[0]?.value;
    return isObject(value) ? value : {};
  }
}

function chartNameIn(bundle: Bundle, directory: string): string {
  const path = childPath(directory, chartName);
  const file = bundle.files.find((one) => one.path === path);
  const value = file === undefined ? undefined : readManifests(path, decodeUtf8(file.bytes)).documents[0]?.value;
  return isObject(value) && typeof value['name'] === 'string' ? value['name'] : '';
}

/** The files for Helm's workspace. */
export function vendor(bundle: Bundle, chart: string): Vendored {
  const vendoring = new Vendoring(bundle);
  vendoring.chart({ origin: chart, target: chart, helmPath: chartNameIn(bundle, chart) }, 0);
  const files = [...vendoring.files.values()];
  return {
    files,
    charts: vendoring.charts,
    problems: schemaProblems(bundle),
    unstable: (pattern) => {
      const found = files.find((file) => /(?:^|\/)templates\//.test(file.path) && pattern.test(decodeUtf8(file.bytes)));
      return found === undefined ? undefined : { file: found.path };
    },
  };
}

/** A schema may only refer to itself: Helm would follow a reference to any file or address. */
function schemaProblems(bundle: Bundle): readonly Problem[] {
  return bundle.files.flatMap((file) => {
    if (!/(?:^|\/)values\.schema\.json$/.test(file.path)) return [];
    const { documents } = readManifests(file.path, decodeUtf8(file.bytes));
    const bad = documents.map(({ value }) => foreignReference(value, 0)).find((one) => one !== undefined);
    if (bad === undefined) return [];
    return [
      problemAt(
        { file: file.path },
        'HelmSchemaReference',
        `$ref "${bad.slice(0, 200)}" leads out of the schema; write the definition here`,
      ),
    ];
  });
}

function foreignReference(value: Json | undefined, level: number): string | undefined {
  if (level > 200 || typeof value !== 'object' || value === null) return undefined;
  const reference = isObject(value) ? value['$ref'] : undefined;
  if (typeof reference === 'string' && !reference.startsWith('#')) return reference;
  for (const member of Object.values(value) as Json[]) {
    const found = foreignReference(member, level + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
