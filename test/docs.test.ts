// The pages agree with the program: links lead somewhere, commands and flags exist, exit codes and events are the ones there are.
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { exitCodes } from '../lib/cli/exit.ts';
import { buildProgram } from '../lib/cli/main.ts';
import { errorCodes } from '../tools/error-codes.ts';
import { errorsPage, homeless } from '../tools/error-docs.ts';
import { generatedDocs } from '../tools/docs.ts';

const root = join(import.meta.dirname, '..');
const pages = ['*.md', 'docs/**/*.md', 'examples/**/*.md', 'lib/**/*.md']
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .toSorted()
  .map((page) => [page, readFileSync(join(root, page), 'utf8')] as const);
const textOf = (page: string): string => new Map(pages).get(page) ?? '';

/** Headings as the anchors that Git hosts make of them. */
function anchors(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Where the relative links of a page lead that are not there. */
function brokenLinks(page: string, markdown: string): readonly string[] {
  const prose = markdown.replace(/```[\s\S]*?```/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? join(root, page) : join(root, dirname(page), path);
      if (!existsSync(file)) return true;
      if (anchor === undefined) return false;
      return statSync(file).isDirectory() || !anchors(readFileSync(file, 'utf8')).includes(anchor);
    });
}

describe('links', () => {
  it.each(pages)('of %s lead somewhere', (page, markdown) => {
    expect(brokenLinks(page, markdown)).toEqual([]);
  });

  it('that lead nowhere are found', () => {
    const links = '[a](nothing.md) [b](README.md#nothing) [c](README.md#commands) [d](https://example.com/x)';
    expect(brokenLinks('README.md', links)).toEqual(['nothing.md', 'README.md#nothing']);
  });
});

const program = buildProgram(() => undefined);

/** Every `holdfast …` of a page: in code spans and in lines of shell blocks, without comments. */
function commandLines(markdown: string): readonly string[] {
  const blocks = [...markdown.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.split('\n'));
  const spans = [...markdown.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  const lines = [...blocks, ...spans].map((line) => line.replace(/ #.*$/, ''));
  return lines.flatMap((line) => /(?:^|\s|\()(?:npx )?holdfast (?!:)(.*)$/.exec(line.replace(/^\$ /, ''))?.[1] ?? []);
}

/** What is wrong with a command line: an unknown command, or a flag that the command does not have. */
function wrongWith(line: string): string | undefined {
  const words = line.split(/\s+/).map((word) => word.replace(/^[[(]+|[\]),;.]+$/g, ''));
  let command: Command = program;
  for (const word of words) {
    const names = (one: Command): boolean => one.name() === word || one.aliases().includes(word);
    if (word.startsWith('-')) {
      const flag = word.split('=')[0] ?? '';
      const known = [...command.options, ...program.options].some(({ short, long }) => short === flag || long === flag);
      if (!known && flag !== '--help') return `${line}: ${command.name()} has no ${flag}`;
    } else if (command.commands.length > 0 && /^[a-z]/.test(word)) {
      const next = command.commands.find(names);
      if (next === undefined) return `${line}: ${command.name()} has no ${word}`;
      command = next;
    }
  }
  return undefined;
}

describe('commands', () => {
  const checked = pages.filter(
    ([page]) => page === 'README.md' || page === 'CONTRIBUTING.md' || page.startsWith('docs/'),
  );

  it.each(checked)('in %s exist, with their flags', (_page, markdown) => {
    expect(commandLines(markdown).flatMap((line) => wrongWith(line) ?? [])).toEqual([]);
  });

  it('that do not exist are found', () => {
    expect(commandLines('`npx holdfast sync web --fast` and `holdfast dlq drop`')).toEqual([
      'sync web --fast',
      'dlq drop',
    ]);
    expect(wrongWith('sync web --fast')).toBe('sync web --fast: sync has no --fast');
    expect(wrongWith('dlq drop')).toBe('dlq drop: dlq has no drop');
    expect(wrongWith('sync web --prune')).toBeUndefined();
  });

  it('are all in the README', () => {
    const readme = commandLines(textOf('README.md')).join('\n');
    expect(program.commands.map((one) => one.name()).filter((name) => !readme.includes(name))).toEqual([]);
  });

  it.each(checked)('of npm in %s exist', (_page, markdown) => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...markdown.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});

it('the exit codes in the README are the ones there are', () => {
  const table = /\| code \| meaning \|\n\|---\|---\|\n((?:\|.*\|\n)+)/.exec(textOf('README.md'))?.[1] ?? '';
  const codes = [...table.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(exitCodes));
});

it('every event that is emitted is in operations.md', () => {
  const sources = globSync('lib/{runtime,cli/commands}/*.ts', { cwd: root }).map((file) =>
    readFileSync(join(root, file), 'utf8'),
  );
  const names = sources.flatMap((text) => [
    ...[...text.matchAll(/\bevent: '([a-z-]+)'/g)].map(([, name = '']) => name),
    ...[...text.matchAll(/\bevent: \w+ \? '([a-z-]+)' : '([a-z-]+)'/g)].flatMap(([, a = '', b = '']) => [a, b]),
  ]);
  expect(names.length).toBeGreaterThan(15);
  const page = textOf('docs/operations.md');
  expect([...new Set(names)].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

it('every test that verified.md names is there', () => {
  const named = [...textOf('docs/verified.md').matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file);
  expect(named.length).toBeGreaterThan(50);
  expect([...new Set(named)].filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

describe('generated pages', () => {
  const found = errorCodes(root);

  it('are up to date (else: npm run gen)', { timeout: 30_000 }, async () => {
    const generated = Object.entries(await generatedDocs(root));
    const old = generated.filter(([path, content]) => readFileSync(join(root, path), 'utf8') !== content);
    expect(old.map(([path]) => path)).toEqual([]);
  });

  it('give every error code a section and a meaning', () => {
    expect(homeless(found)).toEqual([]);
    const rows = [...errorsPage(found).matchAll(/^\| `(\w+)` \|([^|]*)\|[^|]*\|(.*)$/gm)];
    expect(rows.length).toBeGreaterThan(200);
    expect(rows.filter(([, , who = '']) => who.trim() === '').map(([, code]) => code)).toEqual([]);
    // A meaning without two words in a row says nothing: give it one in tools/error-docs.ts.
    expect(rows.filter(([, , , said = '']) => !/\p{L}{2,} \p{L}{2,}/u.test(said)).map(([, code]) => code)).toEqual([]);
  });

  it('find codes however they are given', () => {
    const codes = new Map(found.map((one) => [one.code, one]));
    // In an object, from a helper that says who acts, in a table of answers, as a problem of a file.
    expect(codes.get('AlreadyRunning')?.who).toEqual(new Set(['user']));
    expect(codes.get('GitPackCorrupt')?.who).toEqual(new Set(['remote']));
    expect(codes.get('GitAuth')?.who).toEqual(new Set(['user']));
    expect(codes.get('YamlDuplicateKey')?.who).toEqual(new Set(['user']));
    expect(codes.get('LeaseLost')?.who).toEqual(new Set(['system']));
  });
});
