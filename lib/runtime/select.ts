// Which applications a command is about: all, or those named, with a near miss suggested.
import type { Application, Catalogue, Problem } from '../core/config/model.ts';
import { problemsFailure } from '../core/config/model.ts';
import { nearest } from '../core/config/nearest.ts';
import { HoldfastError } from '../core/errors.ts';

/** The named applications in catalogue order; all of them when none is named. Throws `AppUnknown`, or the problem that holds an entry. */
export function selectApps(catalogue: Catalogue, names: readonly string[]): readonly Application[] {
  if (names.length === 0) return catalogue.apps;
  const chosen = new Set<string>();
  for (const name of names) {
    const matches = catalogue.apps.filter(
      (app) => app.name === name || app.id === name || app.name.startsWith(`${name}@`),
    );
    if (matches.length === 0) throw unknownApp(catalogue, name);
    for (const app of matches) chosen.add(app.id);
  }
  return catalogue.apps.filter((app) => chosen.has(app.id));
}

function unknownApp(catalogue: Catalogue, name: string): HoldfastError {
  const held = catalogue.held.find((entry) => entry.name === name);
  if (held !== undefined) return refusal(held.problems, name);
  const known = catalogue.apps.map((app) => app.name);
  const near = nearest(name, known);
  return new HoldfastError({
    code: 'AppUnknown',
    source: 'user',
    message: `There is no application ${JSON.stringify(name)}${near === undefined ? '' : `; did you mean "${near}"?`}`,
    object: name,
    next:
      known.length === 0
        ? 'Declare one in holdfast.yaml'
        : `One of: ${known.slice(0, 10).join(', ')}${known.length > 10 ? ', …' : ''}`,
  });
}

/** Files of the user that cannot be used, with every problem in them. */
export class Refusal extends HoldfastError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], object: string | undefined) {
    const failure = problemsFailure(problems, 'holdfast validate');
    super({ ...failure, ...(object === undefined ? {} : { object }) });
    this.problems = problems;
  }
}

/** Problems as an error. */
export function refusal(problems: readonly Problem[], object?: string): Refusal {
  return new Refusal(problems, object);
}
