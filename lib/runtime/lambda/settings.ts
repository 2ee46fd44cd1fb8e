// Times of the runner on AWS.
import type { Home } from '../home.ts';

/** A look at a repository costs an invocation, and pushes ring: polling only finds what no webhook told. */
const pollMs = 3 * 60_000;

const driftEvery = process.env['HOLDFAST_DRIFT_EVERY'];

export const settings: Home['settings'] = {
  followLimitMs: 600_000,
  sliceMs: 90_000,
  imageQuietMs: 2_000,
  pollMs,
  ...(driftEvery === undefined || driftEvery === '' ? {} : { driftEvery }),
};
