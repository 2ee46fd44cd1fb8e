// DescribeImages through the SDK. A module of its own, so that the SDK is loaded when a registry is asked, and a bundle holds
// only this one call of it.
import {
  DescribeImagesCommand,
  type DescribeImagesCommandInput,
  type DescribeImagesCommandOutput,
  ECRClient,
} from '@aws-sdk/client-ecr';
import type { CredentialProvider } from '../aws/credentials.ts';

/** Asks for one page of images; throws what the SDK throws. */
export type EcrClient = (page: DescribeImagesCommandInput) => Promise<DescribeImagesCommandOutput>;

/** The registries of a region; without credentials the SDK looks for some. */
export function ecrClient(region: string, credentials: CredentialProvider | undefined): EcrClient {
  const client = new ECRClient({
    region,
    ...(credentials === undefined ? {} : { credentials }),
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 15_000, throwOnRequestTimeout: true },
  });
  return async (page) => await client.send(new DescribeImagesCommand(page));
}
