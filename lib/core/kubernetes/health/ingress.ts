// Health of an Ingress: existing is all that is asked. Many controllers never publish an address (those behind a ClusterIP, say),
// and waiting for one would keep an application that serves its users Progressing for ever.
import { type HealthCheck, healthy, list, part } from './verdict.ts';

export const ingress: HealthCheck = (object) => {
  const addresses = list(part(part(object, 'status'), 'loadBalancer'), 'ingress');
  return healthy(addresses.length > 0 ? 'it has an address' : 'no address is published (yet)');
};
