// Health of a Service: existing is all that is asked, of a load balancer too. On clusters without a provider of load balancers its
// address never comes, and the Service works inside the cluster all the same.
import { type HealthCheck, healthy, list, part, text } from './verdict.ts';

export const service: HealthCheck = (object) => {
  if (text(part(object, 'spec'), 'type') !== 'LoadBalancer') return healthy('no load balancer to wait for');
  const addresses = list(part(part(object, 'status'), 'loadBalancer'), 'ingress');
  return healthy(addresses.length > 0 ? 'the load balancer has an address' : 'the load balancer has no address (yet)');
};
