// What a cluster said about an object, as it may be shown: servers quote values, and values may be secret.
import type { Failure } from '../errors.ts';
import { maskText, secretTexts } from '../plan/mask.ts';
import type { KubeObject } from './object.ts';

/** A failure about an object with the object's secrets taken out of message and reason. */
export function maskedFailure(failure: Failure, object: KubeObject): Failure {
  const secrets = secretTexts(object);
  const { message, reason } = failure;
  return {
    ...failure,
    message: maskText(message, secrets),
    ...(reason === undefined ? {} : { reason: maskText(reason, secrets) }),
  };
}
