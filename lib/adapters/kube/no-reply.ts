// The error for a request that got no answer.
import { KubeApiError, type KubeErrorCode } from './errors.ts';
import type { RequestSubject } from './status.ts';
import type { HttpFailure } from './transport.ts';

interface Rule {
  readonly code: KubeErrorCode;
  readonly source: 'user' | 'system' | 'remote';
  readonly message: string;
  readonly next?: string;
}

/** Why there was no answer, said for people. */
export function noReply(server: string, subject: RequestSubject, failure: HttpFailure): KubeApiError {
  const { object } = subject;
  const retryable = failure.kind !== 'too-large';
  return new KubeApiError({ ...ruleOf(server, object, failure), status: 0, retryable, object, reason: failure.reason });
}

function ruleOf(server: string, object: string, failure: HttpFailure): Rule {
  const rules: Record<HttpFailure['kind'], Rule> = {
    aborted: { code: 'Aborted', source: 'system', message: `${object}: the request was given up` },
    timeout: { code: 'ClusterTimeout', source: 'remote', message: `${object}: no answer from ${server} in time` },
    'too-large': {
      code: 'UnexpectedAnswer',
      source: 'remote',
      message: `${object}: the answer is larger than allowed`,
    },
    tls: {
      code: 'ClusterUnreachable',
      source: 'user',
      message: `The certificate of ${server} is not one that the kubeconfig trusts`,
      next: 'kubectl config view',
    },
    unreachable: {
      code: 'ClusterUnreachable',
      source: 'remote',
      message: `The cluster at ${server} does not answer (${failure.reason})`,
      next: 'kubectl cluster-info',
    },
  };
  return rules[failure.kind];
}
