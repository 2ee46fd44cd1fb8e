// What a bundle is made of: its size, its packages with their share, and a complaint that names what crept in.
import type { Metafile } from 'esbuild';

/** A function's code: all files of its directory together. */
export interface BundleParts {
  readonly bytes: number;
  /** Imports that are neither in the bundle nor Node's own. */
  readonly outside: readonly string[];
  /** Bytes by package, or by folder for our own code, largest first. */
  readonly packages: ReadonlyMap<string, number>;
}

/** Reads the parts of `name` out of what esbuild says it wrote. */
export function bundleParts({ outputs }: Metafile, name: string, builtin: (module: string) => boolean): BundleParts {
  const mine = Object.entries(outputs).filter(([file]) => file.includes(`/${name}/`));
  const packages = new Map<string, number>();
  for (const [, { inputs }] of mine) {
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      if (bytesInOutput > 0) packages.set(partOf(input), (packages.get(partOf(input)) ?? 0) + bytesInOutput);
    }
  }
  const imports = mine.flatMap(([, output]) => output.imports);
  return {
    bytes: mine.reduce((sum, [, output]) => sum + output.bytes, 0),
    outside: imports.filter(({ external, path }) => external === true && !builtin(path)).map(({ path }) => path),
    packages: new Map([...packages].toSorted(([, one], [, other]) => other - one)),
  };
}

/** `node_modules/@a/b/x.js` is `@a/b`; `lib/adapters/kube/x.ts` is `lib/adapters/kube`. */
function partOf(input: string): string {
  const [, found] = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(input) ?? [];
  return (
    found ??
    input
      .split('/')
      .slice(0, 3)
      .join('/')
      .replace(/\/[^/]*\.ts$/, '')
  );
}

/** Why a bundle is too large, or undefined when it is not: its largest parts, and those that it did not have before. */
export function tooLarge(
  { bytes, packages }: BundleParts,
  { budget, before }: { readonly budget: number; readonly before: readonly string[] },
): string | undefined {
  if (bytes <= budget) return undefined;
  const share = ([part, size]: readonly [string, number]): string => `${part} ${kB(size)}`;
  const all = [...packages];
  const added = all.filter(([part]) => !ours(part) && !before.includes(part));
  const largest = all.slice(0, 8).map(share).join(', ');
  return `${kB(bytes)} of ${kB(budget)}; not there before: ${added.map(share).join(', ') || 'nothing'}; largest: ${largest}`;
}

function kB(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

/** Folders of ours come and go with the code; what is listed is what others wrote. */
function ours(part: string): boolean {
  return /^(?:lib|functions)(?:\/|$)/.test(part);
}

/** The golden list: a line for each function, with all its packages by name. */
export function partsText(all: Readonly<Record<string, BundleParts>>): string {
  return Object.entries(all)
    .map(
      ([name, { packages }]) =>
        `${name}: ${[...packages.keys()]
          .filter((part) => !ours(part))
          .toSorted()
          .join(' ')}\n`,
    )
    .join('');
}

/** The packages of a function in the golden list. */
export function partsBefore(text: string, name: string): readonly string[] {
  const line = text.split('\n').find((one) => one.startsWith(`${name}: `));
  return line?.slice(name.length + 2).split(' ') ?? [];
}
