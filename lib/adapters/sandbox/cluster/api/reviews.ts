// The kinds that are asked and not kept: who am I, what may I do. The sandbox has one user, who may do everything.
import type { JsonObject } from '../../../../core/json.ts';
import { mapAt } from '../json.ts';

const USER: JsonObject = { username: 'sandbox-admin', groups: ['system:masters', 'system:authenticated'] };

/** The answer to a review, `undefined` for kinds that are none. */
export function reviewAnswer(kind: string, asked: JsonObject): JsonObject | undefined {
  const question = { ...asked, metadata: mapAt(asked, 'metadata') };
  switch (kind) {
    case 'SelfSubjectReview':
      return { ...question, status: { userInfo: USER } };
    case 'SelfSubjectAccessReview':
      return { ...question, spec: mapAt(question, 'spec'), status: { allowed: true } };
    case 'SelfSubjectRulesReview':
      return {
        ...question,
        spec: {},
        status: {
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
          incomplete: false,
        },
      };
    default:
      return undefined;
  }
}
