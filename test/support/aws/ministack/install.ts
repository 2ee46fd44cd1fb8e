// MiniStack, the emulator of AWS that the tests deploy into, in the one version that the launcher mends.
import path from 'node:path';
import { ensurePython } from '../python.ts';

/** The Python that has MiniStack; installed when it is missing. Throws `PythonMissing` or `PythonPackages`. */
export function ensureMinistack(progress?: (line: string) => void): Promise<string> {
  return ensurePython(
    { name: 'ministack', requirements: path.join(import.meta.dirname, 'requirements.txt') },
    progress,
  );
}
