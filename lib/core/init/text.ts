// `holdfast.yaml` as `holdfast init` writes it: few lines, with why, and what was left out as comments.
import { stringify } from 'yaml';
import type { FoundApp } from './model.ts';

/** A target as it stands in the file. */
export interface WrittenTarget {
  readonly name: string;
  readonly value: Readonly<Record<string, object>>;
}

export interface ConfigText {
  readonly apps: readonly FoundApp[];
  /** By name of the application: why it is not in force. */
  readonly leftOut: ReadonlyMap<string, string>;
  readonly kubernetes: WrittenTarget;
  readonly stacks: WrittenTarget;
}

/** The file. */
export function configText({ apps, leftOut, kubernetes, stacks }: ConfigText): string {
  const good = apps.filter(({ name }) => !leftOut.has(name));
  const bad = apps.filter(({ name }) => leftOut.has(name));
  const targets = [
    ...(apps.some(({ kind }) => kind !== 'stack') || apps.length === 0 ? [kubernetes] : []),
    ...(apps.some(({ kind }) => kind === 'stack') ? [stacks] : []),
  ];
  const unique = targets.filter(({ name }, index) => targets.findIndex((one) => one.name === name) === index);
  const lines = [
    '# What this repository declares. Every key: docs/configuration.md of Holdfast. Check it with: holdfast validate',
    'version: 1',
    '',
    yaml({ targets: Object.fromEntries(unique.map(({ name, value }) => [name, value])) }),
  ];
  const entry = (app: FoundApp): string =>
    `  # ${app.why}\n${indent(yaml([entryOf(app, app.kind === 'stack' ? stacks.name : kubernetes.name)]), '  ')}`;
  lines.push(good.length === 0 ? 'apps: []' : `apps:\n${good.map(entry).join('\n\n')}`);
  for (const app of bad)
    lines.push(
      '',
      `  # Left out: ${leftOut.get(app.name) ?? ''}`,
      indent(indent(yaml([entryOf(app, app.kind === 'stack' ? stacks.name : kubernetes.name)]), '  '), '#'),
    );
  return `${lines.join('\n')}\n`;
}

function entryOf(app: FoundApp, target: string): object {
  const { name, path, namespace, exclude, recurse, stack } = app;
  return {
    name,
    path: path === '' ? '.' : path,
    target,
    ...(namespace === undefined ? {} : { namespace }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(recurse === undefined ? {} : { recurse }),
    ...(stack === undefined
      ? {}
      : {
          stack: {
            name: stack.name,
            ...(Object.keys(stack.parameters).length === 0 ? {} : { parameters: stack.parameters }),
            ...(Object.keys(stack.tags).length === 0 ? {} : { tags: stack.tags }),
            ...(stack.capabilities.length === 0 ? {} : { capabilities: stack.capabilities }),
          },
        }),
  };
}

function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, version: '1.1', flowCollectionPadding: true }).trimEnd();
}

function indent(text: string, by: string): string {
  return text
    .split('\n')
    .map((line) => `${by}${line}`)
    .join('\n');
}
