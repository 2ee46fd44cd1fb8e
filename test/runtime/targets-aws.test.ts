// Roles of targets are assumed under a name, an external id and tags that say whose session it is, for clusters and stacks alike.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Application, TargetSpec } from '../../lib/core/config/model.ts';
import { emptyInventory, type ObserveRequest, type TargetContext } from '../../lib/core/plan/target.ts';
import { openAwsTargets } from '../../lib/runtime/targets-aws.ts';
import { appOf, sha256 } from '../support/render-tree.ts';

const roleArn = 'arn:aws:iam::222222222222:role/deploy';
const keys = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };

/** A token service that refuses and keeps what it was asked. */
async function refusing(): Promise<URLSearchParams[]> {
  const asked: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(new URLSearchParams(body));
      response.writeHead(403).end('<E><Error><Code>AccessDenied</Code><Message>no</Message></Error></E>');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    vi.unstubAllEnvs();
  });
  vi.stubEnv('AWS_ENDPOINT_URL_STS', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return asked;
}

const stack = { name: 'net', parameters: {}, tags: {}, capabilities: [] };
const cases: readonly (readonly [TargetSpec, Application])[] = [
  [{ kind: 'eks', name: 'there', cluster: 'prod', region: 'eu-west-1', roleArn }, appOf({})],
  [
    { kind: 'cloudformation', name: 'there', region: 'eu-west-1', roleArn },
    appOf({ stack: stack as unknown as NonNullable<Application['stack']> }),
  ],
];

test.each(cases)('%j', async (spec, app) => {
  const asked = await refusing();
  const targets = openAwsTargets({ installation: 'prod', credentials: async () => keys });
  onTestFinished(async () => await targets.close());
  const target = await targets.get(spec, app);
  const context = {
    now: () => 0,
    signal: new AbortController().signal,
    installation: 'prod',
    hash: sha256,
    hmac: sha256,
  } as unknown as TargetContext;
  const request = { app, inventory: emptyInventory } as unknown as ObserveRequest;
  const outcome: unknown = await target.follow(request, context).catch((error: unknown) => error);
  expect(JSON.stringify(outcome)).toContain('RoleRefused');
  expect(Object.fromEntries(asked[0] ?? [])).toMatchObject({
    RoleArn: roleArn,
    RoleSessionName: 'holdfast-prod',
    ExternalId: 'holdfast:prod',
    'Tags.member.1.Key': 'holdfast:installation',
    'Tags.member.1.Value': 'prod',
    'Tags.member.2.Key': 'holdfast:target',
    'Tags.member.2.Value': 'there',
  });
});
