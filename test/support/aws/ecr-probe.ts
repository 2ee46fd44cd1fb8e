// A process of its own that asks ECR for the tags of a repository as the runner does: one JSON document on stdout.
import { ecrRegistry } from '../../../lib/adapters/registry/ecr.ts';
import { asFailure, type Failure } from '../../../lib/core/errors.ts';
import type { ImageTag } from '../../../lib/core/image/registry.ts';

export type EcrAnswer = readonly ImageTag[] | Failure;

const answer: EcrAnswer = await ecrRegistry({})
  .tags(process.argv[2] ?? '')
  .catch(asFailure);
process.stdout.write(JSON.stringify(answer));
