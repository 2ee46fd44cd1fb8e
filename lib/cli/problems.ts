// Problems and failures on stderr: one line each for people, `file:line:column code message`; one JSON line each for scripts.
import { problemText, type Problem } from '../core/config/model.ts';
import type { Failure } from '../core/errors.ts';
import { failureJson, failureLines, paintErr, printable } from './output.ts';

/** Writes problems of the user's files to stderr. */
export function showProblems(problems: readonly Problem[], json = false): void {
  for (const problem of problems) {
    if (json) {
      const { code, message, suggestion, ...place } = problem;
      const hint = suggestion === undefined ? undefined : `did you mean "${suggestion}"?`;
      const object = `${place.file}:${place.line}:${place.column}`;
      process.stderr.write(
        `${JSON.stringify({ schemaVersion: 1, error: { code, source: 'user', message, retryable: false, object, ...place, hint } })}\n`,
      );
      continue;
    }
    const text = printable(problemText(problem));
    const space = text.indexOf(' ');
    process.stderr.write(`${paintErr('bold', text.slice(0, space))}${text.slice(space)}\n`);
  }
}

/** What stopped one application, with the problems of its files that were found. */
export interface Stopped {
  readonly app: string;
  readonly failure: Failure;
  readonly problems?: readonly Problem[];
}

/** Names that are listed for one common cause. */
const maxNames = 6;

/** Writes what stopped applications to stderr. A cluster that is away stops all of its applications: people read that once. */
export function showFailures(stopped: readonly Stopped[], json: boolean, what: string): void {
  const causes: { readonly apps: string[]; readonly problems: readonly Problem[]; readonly text: string }[] = [];
  for (const { app, failure, problems = [] } of stopped) {
    if (json) {
      showProblems(problems, true);
      process.stderr.write(failureJson({ ...failure, app }));
      continue;
    }
    const text = failureLines(problems.length === 0 ? failure : problemsFailure(problems, what), paintErr);
    const same = problems.length > 0 ? undefined : causes.find((cause) => cause.text === text);
    if (same === undefined) causes.push({ apps: [app], problems, text });
    else same.apps.push(app);
  }
  for (const { apps, problems, text } of causes) {
    showProblems(problems);
    const more = apps.length > maxNames ? ` and ${apps.length - maxNames} more` : '';
    process.stderr.write(`${paintErr('bold', printable(apps.slice(0, maxNames).join(', ')) + more)} ${text}`);
  }
}

/** After problems that were shown one by one: what follows from them. */
export function problemsFailure(problems: readonly Problem[], what: string): Failure {
  const count = problems.length === 1 ? 'the problem above' : `the ${problems.length} problems above`;
  return {
    code: 'Refused',
    source: 'user',
    message: `${what} because of ${count}`,
    retryable: false,
    next: 'holdfast validate',
  };
}
