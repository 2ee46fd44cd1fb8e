// Renders plain manifests: every YAML and JSON file of the bundle, read as kubectl would read it.
import type { Problem } from '../../core/config/model.ts';
import { type RenderedDocument, toDesired } from '../../core/render/desired.ts';
import type { Bundle, Renderer, RenderOptions, RenderResult } from '../../core/render/model.ts';
import { plainFiles } from '../../core/render/plain-files.ts';
import { readManifests } from '../../core/render/yaml.ts';
import { decodeStrictUtf8 } from '../../core/text.ts';

/** Raise when the same files would give other objects. */
const version = 'plain/1';

/** What files of manifests hold; problems make the file they are in unusable. */
export function readFiles(
  bundle: Bundle,
  paths: readonly string[],
): { readonly documents: readonly RenderedDocument[]; readonly problems: readonly Problem[] } {
  const byPath = new Map(bundle.files.map((file) => [file.path, file.bytes]));
  const documents: RenderedDocument[] = [];
  const problems: Problem[] = [];
  for (const path of paths) {
    const text = decodeStrictUtf8(byPath.get(path) ?? new Uint8Array());
    if (text === undefined) {
      problems.push({ file: path, line: 1, column: 1, code: 'NotUtf8', message: 'the file is not text in UTF-8' });
      continue;
    }
    const read = readManifests(path, text);
    problems.push(...read.problems);
    for (const { value, line, column, positionOf } of read.documents) {
      documents.push({ value, source: { file: path, line, column }, positionOf });
    }
  }
  return { documents, problems };
}

/** Adds problems to a result: all are shown at once, and none of them leaves it usable. */
export function withProblems(result: RenderResult, problems: readonly Problem[]): RenderResult {
  if (problems.length === 0) return result;
  // "Nothing is rendered" would only be a consequence of them.
  const others = result.kind === 'refused' ? result.problems.filter((one) => one.code !== 'EmptyRender') : [];
  return { kind: 'refused', problems: [...problems, ...others] };
}

async function render(bundle: Bundle, options: RenderOptions): Promise<RenderResult> {
  const picked = plainFiles(
    options.app,
    bundle.files.map((file) => file.path),
  );
  const { documents, problems } = readFiles(bundle, picked.files);
  return withProblems(toDesired(options.app, documents), [...picked.problems, ...problems]);
}

/** The renderer of plain YAML and JSON. */
export function plainRenderer(): Renderer {
  return { version: async () => version, render };
}
