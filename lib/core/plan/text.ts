// A plan as people read it: what is lost first and in full, then the rest, each change with its fields and where it comes from.
import type { Json } from '../json.ts';
import { isObject } from '../json.ts';
import type { SourcePosition } from '../render/model.ts';
import { shown } from '../source/path.ts';
import { appName } from './json.ts';
import { diffLines } from './lines.ts';
import {
  type Action,
  type Change,
  type FieldChange,
  type Plan,
  type PlanSummary,
  subjectText,
  summarise,
} from './model.ts';

export type PlanColour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Paints text for a terminal; the identity where there is none. */
export type PlanPaint = (colour: PlanColour, text: string) => string;

interface Look {
  readonly sign: string;
  readonly colour: PlanColour;
}

const looks: Readonly<Record<Action, Look>> = {
  delete: { sign: '-', colour: 'red' },
  replace: { sign: '!', colour: 'red' },
  create: { sign: '+', colour: 'green' },
  update: { sign: '~', colour: 'yellow' },
  adopt: { sign: '>', colour: 'cyan' },
  none: { sign: ' ', colour: 'dim' },
};

/** What cannot be undone comes first. */
const lossy: readonly Action[] = ['delete', 'replace'];

/** Lines of one field and fields of one change that are shown where nothing is lost. */
const maxLines = 30;
const maxFields = 30;
/** Warnings of one plan that are listed: a new namespace gives one for each object in it. */
const maxWarnings = 5;
/** Names of applications without changes that are listed. */
const maxNames = 8;
/** Characters of a value that stays in one line. */
const oneLine = 100;
const noLimit = Number.MAX_SAFE_INTEGER;

/** The text form of plans; ends with a line end. */
export function planText(plans: readonly Plan[], paint: PlanPaint): string {
  const quiet = plans.filter((plan) => isQuiet(plan));
  const loud = plans.filter((plan) => !isQuiet(plan));
  const blocks = loud.map((plan) => planBlock(plan, paint).join('\n'));
  if (quiet.length > 0) blocks.push(quietText(quiet, paint));
  if (plans.length > 1) blocks.push(totalText(plans, paint));
  return blocks.length === 0 ? 'No applications.\n' : `${blocks.join('\n\n')}\n`;
}

function isQuiet(plan: Plan): boolean {
  return plan.changes.length === 0 && plan.skipped.length === 0 && plan.warnings.length === 0;
}

function quietText(plans: readonly Plan[], paint: PlanPaint): string {
  const [only] = plans;
  if (plans.length === 1 && only !== undefined)
    return `${heading(only, paint)}: no changes (${only.unchanged} in sync)`;
  const names = plans.slice(0, maxNames).map((plan) => clean(appName(plan.app)));
  const more = plans.length > maxNames ? ` and ${plans.length - maxNames} more` : '';
  return `No changes: ${names.join(', ')}${more}`;
}

function totalText(plans: readonly Plan[], paint: PlanPaint): string {
  const changed = plans.filter((plan) => plan.changes.length > 0).length;
  const total = plans.map((plan) => summarise(plan)).reduce((sum, one) => addSummaries(sum, one), noSummary);
  return `${paint('bold', 'Total')}: ${countsText(total)} in ${changed} of ${plans.length} applications`;
}

const noSummary: PlanSummary = { create: 0, update: 0, replace: 0, delete: 0, adopt: 0, none: 0 };

function addSummaries(a: PlanSummary, b: PlanSummary): PlanSummary {
  return {
    create: a.create + b.create,
    update: a.update + b.update,
    replace: a.replace + b.replace,
    delete: a.delete + b.delete,
    adopt: a.adopt + b.adopt,
    none: a.none + b.none,
  };
}

/** `+3 ~2 -1 (1 replaced, 12 unchanged)` */
export function countsText(summary: PlanSummary): string {
  const words = [
    ...(summary.replace === 0 ? [] : [`${summary.replace} replaced`]),
    ...(summary.adopt === 0 ? [] : [`${summary.adopt} adopted`]),
    ...(summary.none === 0 ? [] : [`${summary.none} unchanged`]),
  ];
  const rest = words.length === 0 ? '' : ` (${words.join(', ')})`;
  return `+${summary.create} ~${summary.update} -${summary.delete}${rest}`;
}

function heading(plan: Plan, paint: PlanPaint): string {
  const revision = /^[0-9a-f]{40,64}$/.test(plan.revision) ? plan.revision.slice(0, 10) : plan.revision;
  return `${paint('bold', clean(appName(plan.app)))} on ${clean(plan.target)} at ${clean(revision)}`;
}

function planBlock(plan: Plan, paint: PlanPaint): readonly string[] {
  const first = plan.changes.filter((change) => lossy.includes(change.action));
  const rest = plan.changes.filter((change) => !lossy.includes(change.action));
  return [
    `${heading(plan, paint)}: ${countsText(summarise(plan))}`,
    ...[...first, ...rest].flatMap((change) => changeLines(change, paint)),
    ...plan.skipped.map(({ subject, reason }) =>
      paint('dim', `  . skip    ${clean(subjectText(subject))}: ${clean(reason)}`),
    ),
    ...plan.warnings.slice(0, maxWarnings).map((warning) => `  ${paint('yellow', 'warning')}   ${clean(warning)}`),
    ...(plan.warnings.length > maxWarnings
      ? [paint('dim', `            … and ${plan.warnings.length - maxWarnings} more warnings`)]
      : []),
  ];
}

function changeLines(change: Change, paint: PlanPaint): readonly string[] {
  const { sign, colour } = looks[change.action];
  const isLossy = lossy.includes(change.action);
  const note = change.note === undefined ? '' : ` (${clean(change.note)})`;
  const source = change.source === undefined ? '' : `  ${paint('dim', clean(sourceText(change.source)))}`;
  const head = `  ${paint(colour, `${sign} ${change.action.padEnd(7)}`)} ${clean(subjectText(change.subject))}${note}${source}`;
  // What is new is all in Git, at the place that the line names; repeating it here would bury the rest.
  if (change.action === 'create') return [head];
  const limit = isLossy ? noLimit : maxFields;
  const fields = change.fields
    .slice(0, limit)
    .flatMap((field) => fieldLines(field, paint, isLossy ? noLimit : maxLines));
  const left = change.fields.length - limit;
  return left > 0 ? [head, ...fields, paint('dim', `      … and ${left} more fields`)] : [head, ...fields];
}

/** `apps/web.yaml:3:5` */
function sourceText({ file, line, column }: SourcePosition): string {
  return [file, ...(line === undefined ? [] : [line, ...(column === undefined ? [] : [column])])].join(':');
}

function fieldLines(field: FieldChange, paint: PlanPaint, limit: number): readonly string[] {
  const { before, after, path } = field;
  const owner = field.owner === undefined ? '' : paint('dim', ` (set by ${clean(field.owner)})`);
  const name = clean(path === '' ? '(all)' : path);
  const removed = (text: string): string => paint('red', text);
  const added = (text: string): string => paint('green', text);
  if (before !== undefined && after !== undefined) {
    if (isText(before) && isText(after)) {
      const lines = diffLines(before, after).map((line) => lineText(line, paint));
      return [`      ~ ${name}:${owner}`, ...limited(lines, limit, paint)];
    }
    if (isShort(before) && isShort(after)) {
      return [`      ~ ${name}: ${removed(scalar(before))} -> ${added(scalar(after))}${owner}`];
    }
    const lines = [
      ...block(before).map((line) => removed(`- ${line}`)),
      ...block(after).map((line) => added(`+ ${line}`)),
    ];
    return [`      ~ ${name}:${owner}`, ...limited(indented(lines), limit, paint)];
  }
  const value = after ?? before;
  const tint = after === undefined ? removed : added;
  const sign = after === undefined ? '-' : '+';
  if (value === undefined) return [`      ~ ${name}${owner}`];
  if (isShort(value)) return [`      ${tint(`${sign} ${name}: ${scalar(value)}`)}${owner}`];
  return [
    `      ${tint(`${sign} ${name}:`)}${owner}`,
    ...limited(indented(block(value).map((line) => tint(`${sign} ${line}`.trimEnd()))), limit, paint),
  ];
}

function lineText({ kind, text }: ReturnType<typeof diffLines>[number], paint: PlanPaint): string {
  const line = clean(text);
  if (kind === 'removed') return `          ${paint('red', `- ${line}`)}`;
  if (kind === 'added') return `          ${paint('green', `+ ${line}`)}`;
  return paint('dim', kind === 'gap' ? `          … ${line}` : `            ${line}`.trimEnd());
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `          ${line}`.trimEnd());
}

function limited(lines: readonly string[], limit: number, paint: PlanPaint): readonly string[] {
  if (lines.length <= limit) return lines;
  return [...lines.slice(0, limit), paint('dim', `          … and ${lines.length - limit} more lines`)];
}

/** A text of several lines. */
function isText(value: Json): value is string {
  return typeof value === 'string' && value.includes('\n');
}

function isShort(value: Json): boolean {
  return !isText(value) && JSON.stringify(value).length <= oneLine;
}

/** A value in one line. Texts keep their quotes, so that "3" and 3, and spaces at an end, can be told apart. */
function scalar(value: Json): string {
  return clean(JSON.stringify(value));
}

/** A value over several lines, as YAML people would write it. */
function block(value: Json): readonly string[] {
  if (Array.isArray(value) && value.length > 0) {
    return (value as readonly Json[]).flatMap((item) => {
      const lines = block(item);
      return lines.map((line, index) => `${index === 0 ? '- ' : '  '}${line}`);
    });
  }
  if (isObject(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, member]) => {
      const inner = member ?? null;
      if (isText(inner)) return [`${clean(key)}: |`, ...inner.split('\n').map((line) => `  ${clean(line)}`)];
      if (typeof inner !== 'object' || inner === null || isShort(inner)) return [`${clean(key)}: ${scalar(inner)}`];
      return [`${clean(key)}:`, ...block(inner).map((line) => `  ${line}`)];
    });
  }
  return isText(value) ? value.split('\n').map((line) => clean(line)) : [scalar(value)];
}

/** Text from outside, made harmless for a terminal. */
function clean(text: string): string {
  return shown(text, noLimit);
}
