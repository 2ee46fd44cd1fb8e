// Partitions of AWS: which one a region is in, and how the names of its endpoints end.

interface Partition {
  readonly name: string;
  readonly dnsSuffix: string;
}

const commercial: Partition = { name: 'aws', dnsSuffix: 'amazonaws.com' };

/** By the beginning of the region's name. */
const partitions: readonly (readonly [string, Partition])[] = [
  ['cn-', { name: 'aws-cn', dnsSuffix: 'amazonaws.com.cn' }],
  ['us-gov-', { name: 'aws-us-gov', dnsSuffix: 'amazonaws.com' }],
  ['eusc-', { name: 'aws-eusc', dnsSuffix: 'amazonaws.eu' }],
  ['us-iso-', { name: 'aws-iso', dnsSuffix: 'c2s.ic.gov' }],
  ['us-isob-', { name: 'aws-iso-b', dnsSuffix: 'sc2s.sgov.gov' }],
  ['eu-isoe-', { name: 'aws-iso-e', dnsSuffix: 'cloud.adc-e.uk' }],
  ['us-isof-', { name: 'aws-iso-f', dnsSuffix: 'csp.hci.ic.gov' }],
];

/** The partition that a region belongs to. */
export function partitionOf(region: string): Partition {
  return partitions.find(([start]) => region.startsWith(start))?.[1] ?? commercial;
}

/** Host of the security token service of a region. */
export function stsHost(region: string): string {
  return `sts.${region}.${partitionOf(region).dnsSuffix}`;
}
