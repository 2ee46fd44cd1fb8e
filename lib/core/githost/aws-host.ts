// The Git hosts that are AWS services: their names in every partition, and the URL form of git-remote-codecommit.
import { shown } from '../source/path.ts';

export interface AwsHost {
  readonly kind: 'codecommit' | 'codeconnections';
  readonly region: string;
}

const codecommit = /^(?:vpce-[a-z0-9-]+\.)?git-codecommit(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?amazonaws\.com(?:\.cn)?$/;
const codeconnections = /^(?:codeconnections|codestar-connections)\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;

/** The service and region of a host name, FIPS and VPC endpoints included; undefined when it is none of AWS. */
export function awsHost(hostname: string): AwsHost | undefined {
  const repository = codecommit.exec(hostname)?.[1];
  if (repository !== undefined) return { kind: 'codecommit', region: repository };
  const connection = codeconnections.exec(hostname)?.[1];
  return connection === undefined ? undefined : { kind: 'codeconnections', region: connection };
}

/** The HTTPS host of CodeCommit in a region. */
export function codecommitHost(region: string): string {
  return `git-codecommit.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** `codecommit::REGION://NAME` as https; undefined when it is not of that form at all. */
export function fromGrc(
  text: string,
  region: string | undefined,
): { readonly url: string } | { readonly problem: string } | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith('codecommit:')) return undefined;
  const match = /^codecommit:(?::([a-z0-9-]{5,30}):)?\/\/(?:([^@/]*)@)?([A-Za-z0-9._-]{1,100})\/?$/.exec(trimmed);
  if (match === null) return { problem: 'a codecommit:: URL has the form codecommit::REGION://NAME' };
  const [, named, profile, name = ''] = match;
  if (profile !== undefined) {
    return { problem: `it names the profile "${shown(profile, 40)}": give it without, our own role signs in` };
  }
  const where = named ?? region;
  if (where === undefined) return { problem: `it names no AWS region: give codecommit::REGION://${name}` };
  return { url: `https://${codecommitHost(where)}/v1/repos/${name}` };
}
