// What every construct of a function is given: the shared parts of the installation.
import type { EventBus } from 'aws-cdk-lib/aws-events';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Doorbell } from './doorbell.ts';
import type { FunctionDefaults } from './function.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';

export interface Parts {
  readonly defaults: FunctionDefaults;
  readonly settings: Settings;
  readonly state: State;
  readonly source: Doorbell;
  readonly reconcile: Doorbell;
  /** Where events land that their function could not handle. */
  readonly eventsDlq: Queue;
  /** The installation's own bus: outcomes and drift go out, events of other accounts come in. */
  readonly bus: EventBus;
}

/** What the settings say to every function that reads repositories or their rows. */
export function chosen(settings: Settings): Readonly<Record<string, string>> {
  return {
    ...(settings.root === undefined ? {} : { HOLDFAST_ROOT: JSON.stringify(settings.root) }),
    ...(settings.driftEvery === undefined ? {} : { HOLDFAST_DRIFT_EVERY: settings.driftEvery }),
  };
}
