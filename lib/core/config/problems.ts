// Every way in which a config file can be wrong, by stable code. The documentation's table is made from this one.
import { shown } from '../source/path.ts';
import type { Position, Problem } from './model.ts';

/** Code -> what it means and what to do; the right column of the table in docs/configuration.md. */
export const configCodes = {
  ConfigMissing: 'The repository has no config file on this branch. Add `holdfast.yaml` at its root.',
  ConfigTooLarge:
    'The config file is larger than 4 MiB, nests deeper than 64 levels, or grows beyond 500,000 values through aliases.',
  ConfigYaml:
    'The file is not one well-formed YAML 1.2 document. Merge keys (`<<`) and tags of other languages are not part of it.',
  ConfigDuplicateKey: 'A mapping has the same key twice; one of the two would be lost.',
  ConfigReservedKey: 'A key such as `__proto__`, which no mapping of this file may have.',
  ConfigVersion: '`version` is not one that this Holdfast reads. Write `version: 1`.',
  ConfigUnknownKey: 'A key that this version does not know. Nothing is accepted and ignored.',
  ConfigMissingKey: 'A required key is absent.',
  ConfigWrongType: 'A value is of another type than the key takes, e.g. text where a list belongs.',
  ConfigValue: 'A value is not one of those allowed, or out of its range.',
  ConfigNotYet: 'A value that is planned and not in this version.',
  ConfigNumber: 'A number that no computer would give back as it was written. Put it in quotes.',
  ConfigName: 'A name is not a DNS label (lower-case letters, digits, `-`), is too long, or is a reserved word.',
  ConfigDuration: 'Not a duration in the allowed range. Write a whole number and `s`, `m`, `h` or `d`.',
  ConfigSemver: 'Not a range of semantic versions, such as `^1.0` or `>=1.2 <2`.',
  ConfigPath: 'A path that is absolute, empty, or has a backslash or a control character.',
  ConfigPathEscape: 'A path that leads out of the repository.',
  ConfigPathMissing: 'Nothing is at this path in this commit.',
  ConfigPathKind: 'A directory where a file belongs, or a file where a directory belongs.',
  ConfigPattern: 'A `discover` pattern that cannot be used: `**`, more than one `*` in a segment, or no `*` at all.',
  ConfigDiscoverName:
    'A discovered directory whose name cannot be made a DNS label. Rename it, or declare it by an entry of its own.',
  ConfigDuplicateName: 'Two entries give one name. All of them are held.',
  ConfigDuplicateStack: 'Two entries would write one stack. All of them are held.',
  ConfigCycle: 'Applications that wait for each other in a circle. All of them are held.',
  ConfigUnknownTarget: 'A target that is not in `targets`.',
  ConfigUnknownApp: '`dependsOn` names an application that is not in this file.',
  ConfigTargetKind: 'A stack on a cluster, or a Kubernetes application on a CloudFormation target.',
  ConfigNotForStack: 'A key that means nothing for a CloudFormation stack.',
  ConfigEitherOr: 'Two keys that exclude each other, or none of two of which one is needed.',
  ConfigInlineSecret:
    'Something that looks like a secret stands in the file, and so in Git for ever. Use a reference instead.',
} as const;

export type ConfigCode = keyof typeof configCodes;

/** How much of a wrong value is repeated in a message. */
const maxShown = 60;

/** A value of the user's as it may be repeated in a message: quoted, made printable, cut. */
export function quoted(text: string): string {
  return `"${shown(text, maxShown)}"`;
}

/** Makes a problem; its message is made printable, because it may repeat text from the file. */
export function problemAt(position: Position, code: ConfigCode, message: string, suggestion?: string): Problem {
  const problem = { ...position, code, message: shown(message, 1000) };
  return suggestion === undefined ? problem : { ...problem, suggestion: shown(suggestion, maxShown) };
}

/** In the order of the file, each once. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Map<string, Problem>();
  for (const problem of problems) {
    seen.set(`${problem.file}:${problem.line}:${problem.column}:${problem.code}:${problem.message}`, problem);
  }
  return [...seen.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}
