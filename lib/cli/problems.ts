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

/** Writes what stopped one application to stderr. */
export function showFailure(app: string, failure: Failure, json = false): void {
  if (json) process.stderr.write(failureJson({ ...failure, app }));
  else process.stderr.write(`${paintErr('bold', printable(app))} ${failureLines(failure, paintErr)}`);
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
