// Accepts a finding of a rule pack at the construct that it is about, with the reason why it stands.
import { Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Accepts findings by rule id, e.g. `AwsSolutions-IAM5`. */
export function acknowledge(construct: Construct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) Validations.of(construct).acknowledge({ id, reason });
}
