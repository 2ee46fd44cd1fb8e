// Reaching an EKS cluster: what EKS answers about it, tokens that are refused, and a cluster that is somewhere else now.
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createKubeClient } from '../../../lib/adapters/kube/client.ts';
import { connectEks } from '../../../lib/adapters/kube/eks.ts';
import type { KubeClient } from '../../../lib/adapters/kube/types.ts';
import { makeServerCertificate, type ServerCertificate } from '../../../lib/adapters/sandbox/cluster/x509.ts';

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret-key', sessionToken: 'a-token' };
const principal = 'arn:aws:iam::111111111111:role/runner';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** An API server that knows its version and takes any token of the given count; 401 to all others. */
async function apiServer(certificate: ServerCertificate, accepts: (nth: number) => boolean = () => true) {
  const tokens: string[] = [];
  const server = createTlsServer({ cert: certificate.certPem, key: certificate.keyPem }, (request, response) => {
    tokens.push(request.headers.authorization ?? '');
    const status = accepts(tokens.length) ? 200 : 401;
    const body = status === 200 ? { gitVersion: 'v1.36.3' } : { kind: 'Status', code: 401, reason: 'Unauthorized' };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  return { url: `https://127.0.0.1:${await listen(server)}`, tokens };
}

type Description = Readonly<Record<string, unknown>>;
type EksAnswer = { readonly status: number; readonly type?: string; readonly body: Description };

/** The service EKS: answers DescribeCluster in turn, the last answer for ever. */
async function eksService(...answers: readonly EksAnswer[]): Promise<string[]> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    const answer = answers[Math.min(seen.length, answers.length) - 1];
    const headers = { 'content-type': 'application/json', ...(answer?.type && { 'x-amzn-errortype': answer.type }) };
    response.writeHead(answer?.status ?? 500, headers).end(JSON.stringify(answer?.body));
  });
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv('AWS_ENDPOINT_URL_EKS', `http://127.0.0.1:${await listen(server)}`);
  return seen;
}

const cluster = (endpoint: string, certificate: ServerCertificate, more: Description = {}): EksAnswer => ({
  status: 200,
  body: {
    cluster: {
      name: 'prod',
      status: 'ACTIVE',
      endpoint,
      certificateAuthority: { data: Buffer.from(certificate.certPem).toString('base64') },
      resourcesVpcConfig: { endpointPublicAccess: true, publicAccessCidrs: ['0.0.0.0/0'], vpcId: 'vpc-1' },
      accessConfig: { authenticationMode: 'API' },
      ...more,
    },
  },
});

async function connect(more: { readonly principal?: string } = { principal }): Promise<KubeClient> {
  const connection = await connectEks({
    cluster: 'prod',
    region: 'eu-west-1',
    credentials: async () => credentials,
    ...more,
  });
  const client = createKubeClient(connection, { retry: { attempts: 2, baseMs: 1 } });
  onTestFinished(() => client.close());
  return client;
}

const certificate = (): ServerCertificate => makeServerCertificate('127.0.0.1', Date.now());

test('the endpoint and its certificate come from EKS, and one token serves many requests', async () => {
  const certificates = certificate();
  const api = await apiServer(certificates);
  const asked = await eksService(cluster(api.url, certificates));
  const client = await connect();
  await client.version();
  await client.version();
  expect(asked).toEqual(['GET /clusters/prod']);
  expect(new Set(api.tokens).size).toBe(1);
  expect(api.tokens[0]).toMatch(/^Bearer k8s-aws-v1\./);
});

test('one refusal: another token. Refused again: the principal and its missing access entry are named', async () => {
  const certificates = certificate();
  const api = await apiServer(certificates, (nth) => nth === 2);
  await eksService(cluster(api.url, certificates));
  const client = await connect();
  await client.version();
  expect(api.tokens).toHaveLength(2);
  const error: unknown = await client.version().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'Unauthorized',
    source: 'user',
    retryable: false,
    message: `EKS cluster prod does not accept ${principal} (401)`,
    next: `aws eks create-access-entry --cluster-name prod --region eu-west-1 --principal-arn ${principal} --kubernetes-groups holdfast`,
  });
  expect(JSON.stringify(error)).not.toMatch(/secret-key|a-token|k8s-aws-v1/);
  expect(api.tokens).toHaveLength(4);
});

test('who was refused is asked of AWS when no role says it', async () => {
  const certificates = certificate();
  const api = await apiServer(certificates, () => false);
  await eksService(cluster(api.url, certificates, { accessConfig: { authenticationMode: 'CONFIG_MAP' } }));
  const sts = createServer((_request, response) =>
    response.end('<R><Arn>arn:aws:sts::222222222222:assumed-role/admin/me</Arn></R>'),
  );
  vi.stubEnv('AWS_ENDPOINT_URL_STS', `http://127.0.0.1:${await listen(sts)}`);
  const error: unknown = await (await connect({})).version().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    message: 'EKS cluster prod does not accept arn:aws:iam::222222222222:role/admin (401)',
  });
  expect(error).toHaveProperty(
    'next',
    expect.stringMatching(/^aws eks update-cluster-config .*API_AND_CONFIG_MAP, then /),
  );
});

test('another certificate, or a host name that is gone: EKS is asked again, and the request goes on', async () => {
  const [old, next] = [certificate(), certificate()];
  const api = await apiServer(next);
  const asked = await eksService(cluster(api.url, old), cluster(api.url, next));
  expect(await (await connect()).version()).toMatchObject({ gitVersion: 'v1.36.3' });
  expect(asked).toHaveLength(2);
  const again = await eksService(cluster('https://gone.invalid', next), cluster(api.url, next));
  expect(await (await connect()).version()).toMatchObject({ gitVersion: 'v1.36.3' });
  expect(again).toHaveLength(2);
});

test('a certificate that stays wrong is said once EKS was asked again', async () => {
  const [named, served] = [certificate(), certificate()];
  const api = await apiServer(served);
  await eksService(cluster(api.url, named));
  await expect((await connect()).version()).rejects.toMatchObject({
    code: 'ClusterUnreachable',
    message: 'The certificate of EKS cluster prod is not the one that EKS names for it',
  });
});

test('a cluster that was deleted meanwhile is missing, not unreachable', async () => {
  const certificates = certificate();
  const gone = {
    status: 404,
    type: 'ResourceNotFoundException',
    body: { message: 'No cluster found for name: prod.' },
  };
  await eksService(cluster('https://gone.invalid', certificates), gone);
  await expect((await connect()).version()).rejects.toMatchObject({ code: 'ClusterMissing', source: 'user' });
});

test('a private endpoint that does not answer from here says where to run', async () => {
  const certificates = certificate();
  const closed = 'https://127.0.0.1:1';
  const vpc = { endpointPublicAccess: false, endpointPrivateAccess: true, vpcId: 'vpc-1' };
  await eksService(cluster(closed, certificates, { resourcesVpcConfig: vpc }));
  const error: unknown = await (await connect()).version().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ClusterUnreachable', source: 'user', retryable: true });
  expect(error).toHaveProperty('next', expect.stringContaining('vpc-1'));
});

test.each([
  [
    { status: 404, type: 'ResourceNotFoundException', body: {} },
    { code: 'ClusterMissing', source: 'user', retryable: false },
  ],
  [
    { status: 403, type: 'AccessDeniedException', body: { message: 'no' } },
    { code: 'AwsForbidden', source: 'user', retryable: false },
  ],
  [
    { status: 429, type: 'ThrottlingException', body: {} },
    { code: 'AwsThrottled', source: 'remote', retryable: true },
  ],
  [
    { status: 503, body: {} },
    { code: 'AwsUnreachable', source: 'remote', retryable: true },
  ],
  [
    { status: 200, body: { cluster: { status: 'CREATING' } } },
    { code: 'ClusterNotReady', source: 'remote', retryable: true },
  ],
  [
    { status: 200, body: { cluster: { status: 'FAILED' } } },
    { code: 'ClusterNotReady', source: 'user', retryable: false },
  ],
  [
    { status: 200, body: { cluster: { status: 'ACTIVE' } } },
    { code: 'ClusterNotReady', source: 'remote', retryable: true },
  ],
])('EKS answers %j', async (answer, error) => {
  await eksService(answer);
  await expect(connect()).rejects.toMatchObject(error);
});
