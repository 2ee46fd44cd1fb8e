// Health of an Ingress: its controller has given it an address.
import { type HealthCheck, healthy, list, part, progressing } from './verdict.ts';

export const ingress: HealthCheck = (object) => {
  const addresses = list(part(part(object, 'status'), 'loadBalancer'), 'ingress');
  return addresses.length > 0
    ? healthy('it has an address')
    : progressing('waiting for an address from its controller');
};
