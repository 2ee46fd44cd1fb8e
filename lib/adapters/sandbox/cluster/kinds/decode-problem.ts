// A value that the server's Go types cannot hold. Each verb refuses it in its own words.
import { HoldfastError } from '../../../../core/errors.ts';

/** Thrown while an object is brought into its stored form. */
export class DecodeProblem extends HoldfastError {
  constructor(message: string) {
    super({ code: 'SandboxUnreadableValue', source: 'user', message });
  }
}
