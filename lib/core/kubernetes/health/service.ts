// Health of a Service: a load balancer needs an address, every other type is good as soon as it exists.
import { type HealthCheck, healthy, list, part, progressing, text } from './verdict.ts';

export const service: HealthCheck = (object) => {
  if (text(part(object, 'spec'), 'type') !== 'LoadBalancer') return healthy('no load balancer to wait for');
  const addresses = list(part(part(object, 'status'), 'loadBalancer'), 'ingress');
  return addresses.length > 0
    ? healthy('the load balancer has an address')
    : progressing('waiting for a load balancer');
};
