// Problems in the user's files, one line each on stderr: `file:line:column code message`.
import { problemText, type Problem } from '../core/config/model.ts';
import { paintErr, printable } from './output.ts';

/** Writes problems to stderr. */
export function showProblems(problems: readonly Problem[]): void {
  for (const problem of problems) {
    const text = printable(problemText(problem));
    const space = text.indexOf(' ');
    process.stderr.write(`${paintErr('bold', text.slice(0, space))}${text.slice(space)}\n`);
  }
}
