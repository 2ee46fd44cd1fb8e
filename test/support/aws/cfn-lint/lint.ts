// cfn-lint on a template. The emulator takes unknown properties, bad names and wrong types for created; this refuses them.
import path from 'node:path';
import { HoldfastError } from '../../../../lib/core/errors.ts';
import { ensurePython, runCommand } from '../python.ts';

/** The Python that has cfn-lint; installed when it is missing. Throws `PythonMissing` or `PythonPackages`. */
export function ensureCfnLint(progress?: (line: string) => void): Promise<string> {
  return ensurePython({ name: 'cfn-lint', requirements: path.join(import.meta.dirname, 'requirements.txt') }, progress);
}

/** What its console script does; it cannot be run as a module. */
const program = 'import sys; from cfnlint.runner import main; sys.exit(main())';

export interface LintFinding {
  /** e.g. `E3002`. */
  readonly rule: string;
  readonly level: 'Error' | 'Warning' | 'Informational';
  readonly message: string;
  /** Where in the template, e.g. `Resources/Queue/Properties/DelaySeconds`. */
  readonly at: string;
}

/** What cfn-lint finds in a template file, for one region; nothing is fetched. Throws `LintFailed` when it cannot look. */
export async function lintTemplate(file: string, region: string): Promise<readonly LintFinding[]> {
  const args = ['-c', program, '--format', 'json', '--regions', region, '--template', file];
  // In a directory without settings: cfn-lint reads .cfnlintrc of where it runs.
  const { code, stdout, output } = await runCommand(await ensureCfnLint(), args, { cwd: import.meta.dirname });
  try {
    return (JSON.parse(stdout) as readonly RawFinding[]).map(({ Rule, Level, Message, Location }) => ({
      rule: Rule.Id,
      level: Level,
      message: Message,
      at: (Location.Path ?? []).join('/'),
    }));
  } catch (error) {
    throw new HoldfastError({
      code: 'LintFailed',
      source: 'system',
      message: `cfn-lint ended with ${code} and no findings that can be read`,
      object: file,
      reason: output.slice(-2000),
      cause: error,
    });
  }
}

interface RawFinding {
  readonly Rule: { readonly Id: string };
  readonly Level: LintFinding['level'];
  readonly Message: string;
  readonly Location: { readonly Path: readonly (string | number)[] | null };
}
