// What the bundles leave out of libraries: ways to credentials that a function has no use for, the CommonJS forms of which all
// would go in, and of the SDK's clients the calls that are not made.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';

/** What the bundles have instead of what Node would find. The libraries are the same version as ES modules. */
export const substitutes: Record<string, string> = {
  '@aws-sdk/credential-provider-node': join(import.meta.dirname, '../adapters/aws/function-credentials.ts'),
  'isomorphic-git': besides('isomorphic-git', 'index.js'),
  yaml: besides('yaml', '../browser/dist/index.js'),
};

/** A file by its way from the one that Node finds under a package's name. */
function besides(name: string, file: string): string {
  return join(dirname(createRequire(import.meta.url).resolve(name)), file);
}

/** Trims the SDK's clients as they are read. */
export const trimmed: Plugin = {
  name: 'trimmed',
  setup: (build) => {
    build.onLoad(
      { filter: /@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/ },
      async (args) => ({
        contents: literalKeys(await readFile(args.path, 'utf8')),
        loader: 'js',
      }),
    );
    // Of its description a client takes only its version.
    build.onLoad({ filter: /@aws-sdk[\\/]client-[^\\/]+[\\/]package\.json$/ }, async (args) => {
      const { version } = JSON.parse(await readFile(args.path, 'utf8')) as { readonly version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/**
 * Schemas of calls with their keys as literals: `{ [_h]: 1 }` becomes `{ "http": 1 }`. A computed key could do anything, so
 * esbuild keeps the schema of every call that a service has.
 */
export function literalKeys(source: string): string {
  const constants = new Map(
    [...source.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, text]) => [name, text]),
  );
  return source.replaceAll(/\[(_\w+)\]:/g, (whole, name: string) => {
    const text = constants.get(name);
    return text === undefined ? whole : `${text}:`;
  });
}
