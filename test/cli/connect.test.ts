// `holdfast connect`: the repository is read, its token stored beside others, the webhook made, and its ping seen.
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createBuiltinHost } from '../../lib/adapters/githost/builtin.ts';
import { type FakeAws, stackOutputs, startFakeAws, webhookHost } from '../support/aws/fake-aws.ts';
import { type Answer, holdfast, jsonErrors } from '../support/cli.ts';
import { type FakeGithub, githubToken, startFakeGithub } from '../support/fake-github.ts';
import { close, git, listen, startGitServer, workTree } from '../support/git.ts';
import { tempDir } from '../support/temp-dir.ts';

// Several commands one after the other, on machines that are busy with other tests.
vi.setConfig({ testTimeout: 40_000 });

const gitSecret = stackOutputs['GitSecretArn']!;
const webhookSecret = stackOutputs['WebhookSecretArn']!;
const address = `https://${webhookHost}/webhook/root`;
const secretText = 'webhook-secret-of-the-tests';

interface World {
  readonly aws: FakeAws;
  readonly github: FakeGithub;
  readonly roots: unknown[];
}

async function world(): Promise<World> {
  const aws = await startFakeAws([{ name: 'Holdfast', outputs: stackOutputs }]);
  const github = await startFakeGithub();
  aws.secrets.set(gitSecret, '{"team-a":{"token":"other"}}');
  aws.secrets.set(webhookSecret, JSON.stringify({ root: [secretText, 'previous'] }));
  const roots: unknown[] = [];
  aws.functionUrl = ({ host, path, method, headers, body }) => {
    if (host === webhookHost) {
      const right = `sha256=${createHmac('sha256', secretText).update(body).digest('hex')}`;
      const known = path === '/webhook/root' && headers['x-hub-signature-256'] === right;
      return known
        ? { json: { status: 'pong' } }
        : { status: 401, json: { code: 'WebhookUnsigned', message: 'wrong' } };
    }
    if (`${method} ${path}` !== 'PUT /api/repositories/root') return { status: 404, json: { code: 'RouteUnknown' } };
    roots.push(JSON.parse(body));
    return { json: { schemaVersion: 1, message: 'ok' } };
  };
  github.deliver = ({ url, signature, body }) =>
    url === address && signature === `sha256=${createHmac('sha256', secretText).update(body).digest('hex')}`
      ? 200
      : 401;
  return { aws, github, roots };
}

async function connect({ aws, github }: World, args: readonly string[] = [], token = githubToken): Promise<Answer> {
  return await holdfast(['connect', github.repository, '--host', 'github', ...args], {
    cwd: tempDir(),
    env: { ...aws.env, ...(token === '' ? {} : { HOLDFAST_GIT_TOKEN: token }) },
  });
}

test('a GitHub repository with a token that may manage webhooks', async () => {
  const all = await world();
  const { aws, github, roots } = all;
  const answer = await connect(all);
  expect(answer.stderr).toBe(
    `stack Holdfast in eu-west-1\n${github.repository} can be read: main is at ${github.head.slice(0, 8)}\n`,
  );
  expect(answer.code).toBe(0);
  expect(answer.stdout).toBe(`✓ ${github.repository} main is the root repository of Holdfast
✓ token stored in the git secret of the stack
✓ webhook made at github
✓ the ping of the host arrived

Next: git push to main, then holdfast status --stack Holdfast
`);
  expect(JSON.parse(aws.secrets.get(gitSecret)!)).toEqual({
    'team-a': { token: 'other' },
    root: { token: githubToken },
  });
  expect(roots).toEqual([{ url: github.repository, branch: 'main', host: 'github' }]);
  expect(github.hooks).toMatchObject([
    { events: ['push'], config: { url: address, content_type: 'json', secret: secretText, insecure_ssl: '0' } },
  ]);
});

test('connecting again changes nothing and says so', async () => {
  const all = await world();
  await connect(all);
  const puts = (): number =>
    all.aws.requests.filter(({ headers }) => headers['x-amz-target'] === 'secretsmanager.PutSecretValue').length;
  expect(puts()).toBe(1);
  const again = await connect(all, ['-o', 'json'], '');
  expect(JSON.parse(again.stdout)).toMatchObject({
    token: 'unchanged',
    webhook: { state: 'updated', url: address, ping: { state: 'seen', by: 'host' } },
  });
  expect(puts()).toBe(1);
  expect(all.github.hooks).toHaveLength(1);
});

test('a token that may only read: what to paste, and a ping of our own', async () => {
  const all = await world();
  all.github.rights = 'read';
  const file = join(tempDir(), 'token');
  writeFileSync(file, `${githubToken}\n`);
  const answer = await connect(all, ['--token-file', file], '');
  expect(answer.code).toBe(0);
  expect(
    answer.stdout,
  ).toContain(`! webhook: this token may not manage webhooks (403 Resource not accessible by personal access token). Paste at the host:
    where         Settings > Webhooks > Add webhook
    URL           ${address}
    content type  application/json
    secret        (holdfast connect … --show-secret prints it)
    events        push
✓ a signed ping of ours arrived
`);
  const shown = await connect(all, ['--token-file', file, '--show-secret'], '');
  expect(shown.stdout).toContain(`    secret        ${secretText}\n`);
});

test('no secret and no token ever shows, in any form', async () => {
  const all = await world();
  for (const answer of [await connect(all), await connect(all, ['-o', 'json'])]) {
    expect(answer.stdout + answer.stderr).not.toContain(secretText);
    expect(answer.stdout + answer.stderr).not.toContain(githubToken);
  }
});

test('a ping that nobody answers is an error, after all the rest was done', async () => {
  const all = await world();
  all.github.deliver = () => 401;
  const answer = await connect(all, ['-o', 'json']);
  expect(answer.code).toBe(2);
  expect(JSON.parse(answer.stdout)).toMatchObject({ webhook: { state: 'created', ping: { state: 'failed' } } });
  expect(
    jsonErrors({
      ...answer,
      stderr: answer.stderr
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .join('\n'),
    })[0],
  ).toMatchObject({
    code: 'WebhookPingFailed',
    reason: 'it was answered with 401 (Invalid)',
  });
});

test('a repository that the token does not open: nothing is stored', async () => {
  const all = await world();
  const answer = await connect(all, [], 'wrong-token');
  expect(answer.code).toBe(4);
  expect(answer.stderr).toContain('GitAuth');
  expect(all.aws.secrets.get(gitSecret)).toBe('{"team-a":{"token":"other"}}');
  expect(all.roots).toEqual([]);
  expect(all.github.hooks).toEqual([]);
});

test('a branch that is not there, a host that is not known, a secret of another form', async () => {
  const all = await world();
  expect((await connect(all, ['--branch', 'release'])).stderr).toContain('GitBranchMissing');
  const host = await holdfast(['connect', all.github.repository, '--host', 'gthub'], {
    cwd: tempDir(),
    env: all.aws.env,
  });
  expect(host.code).toBe(3);
  all.aws.secrets.set(gitSecret, 'a-token-alone');
  const other = await connect(all);
  expect(other.stderr).toContain('SecretNotMap');
  expect(all.aws.secrets.get(gitSecret)).toBe('a-token-alone');
});

test('an installation whose context names the root says so', async () => {
  const all = await world();
  const given = all.aws.functionUrl;
  all.aws.functionUrl = async (request) =>
    request.method === 'PUT'
      ? {
          status: 409,
          json: { code: 'RootFixed', message: 'The root repository is set by the stack', hint: 'Change cdk.json' },
        }
      : await given(request);
  const answer = await connect(all);
  expect(answer.code).toBe(2);
  expect(answer.stderr).toContain('error RootFixed The root repository is set by the stack\n  next: Change cdk.json\n');
});

test('a host without an API of which we know: what to paste, and no token where none is needed', async () => {
  const all = await world();
  const server = await startGitServer(join(tempDir(), 'host'));
  const work = join(tempDir(), 'work');
  await workTree(work, { 'a.yaml': 'a: 1\n' });
  await git(work, 'push', '-q', `${server.url}/open.git`, 'main');
  const answer = await holdfast(['connect', `${server.url}/open.git`], { cwd: tempDir(), env: all.aws.env });
  expect(answer.code).toBe(0);
  expect(answer.stdout).toContain(
    '✓ no token needed\n! webhook: it cannot be made at generic from here. Paste at the host:\n',
  );
  expect(answer.stdout).toContain('✓ a signed ping of ours arrived\n');
});

test('CodeCommit: signed in with AWS credentials, nothing stored but the root, nothing to paste', async () => {
  const all = await world();
  const host = createBuiltinHost({ directory: join(tempDir(), 'host'), onPush: () => undefined });
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const user = Buffer.from(request.headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
    if (request.url?.startsWith('/v1/')) seen.push(user.split(':')[0] ?? '');
    request.url = request.url?.replace('/v1/repos/shop', '/shop.git') ?? '';
    void host.handle(request, response);
  });
  const endpoint = `http://127.0.0.1:${await listen(server)}`;
  onTestFinished(async () => await close(server));
  const work = join(tempDir(), 'work');
  await workTree(work, { 'a.yaml': 'a: 1\n' });
  await git(work, 'push', '-q', `${endpoint}/shop.git`, 'main');
  const answer = await holdfast(['connect', 'codecommit::eu-west-1://shop'], {
    cwd: tempDir(),
    env: { ...all.aws.env, AWS_ENDPOINT_URL_CODECOMMIT: endpoint },
  });
  const url = 'https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop';
  expect(answer.code).toBe(0);
  expect(answer.stdout).toContain(
    `✓ ${url} main is the root repository of Holdfast\n✓ no token needed\n✓ no webhook needed: EventBridge tells of every push\n`,
  );
  expect(all.roots).toEqual([{ url, branch: 'main' }]);
  expect(new Set(seen)).toEqual(new Set(['AKIDEXAMPLE']));
});
