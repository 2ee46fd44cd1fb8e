import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HostHints } from '../../../lib/core/githost/host.ts';
import { readRepositoryUrl } from '../../../lib/core/githost/host.ts';

const read = (url: string, hints: HostHints = {}): unknown => {
  const result = readRepositoryUrl(url, hints);
  return result.kind === 'repository' ? result.repository : result.problems;
};
const connection = '/git-http/111122223333/eu-west-1/01234567-89ab-cdef-0123-456789abcdef/acme/shop.git';

describe('which host a URL is', () => {
  test.each([
    ['https://github.com/acme/shop.git', 'github', 'https://github.com/acme/shop.git', 'acme/shop'],
    ['https://GitHub.com/acme/shop/', 'github', 'https://github.com/acme/shop', 'acme/shop'],
    ['https://acme.ghe.com/acme/shop', 'github', 'https://acme.ghe.com/acme/shop', 'acme/shop'],
    ['https://github.acme.example/acme/shop', 'github', 'https://github.acme.example/acme/shop', 'acme/shop'],
    ['https://gitlab.com/a/b/c/shop.git', 'gitlab', 'https://gitlab.com/a/b/c/shop.git', 'a/b/c/shop'],
    ['https://bitbucket.org/acme/shop.git', 'bitbucket', 'https://bitbucket.org/acme/shop.git', 'acme/shop'],
    ['https://codeberg.org/acme/shop', 'gitea', 'https://codeberg.org/acme/shop', 'acme/shop'],
    [
      'https://acme@dev.azure.com/acme/p/_git/shop',
      'azure-devops',
      'https://dev.azure.com/acme/p/_git/shop',
      'acme/p/_git/shop',
    ],
    ['https://git.acme.example:8443/shop.git', 'generic', 'https://git.acme.example:8443/shop.git', 'shop'],
    ['http://127.0.0.1:8080/demo.git', 'generic', 'http://127.0.0.1:8080/demo.git', 'demo'],
  ])('%s', (url, kind, normalised, name) => {
    expect(read(url)).toEqual({ kind, url: normalised, name });
  });

  test.each([
    ['https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop', 'eu-west-1'],
    ['https://git-codecommit-fips.us-east-1.amazonaws.com/v1/repos/shop', 'us-east-1'],
    ['https://vpce-0a1b-2c.git-codecommit.eu-west-1.vpce.amazonaws.com/v1/repos/shop', 'eu-west-1'],
    ['https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/shop', 'cn-north-1'],
  ])('CodeCommit: %s', (url, region) => {
    expect(read(url)).toEqual({ kind: 'codecommit', url, name: 'shop', region });
  });

  test.each(['codeconnections', 'codestar-connections'])('CodeConnections at %s', (service) => {
    const url = `https://${service}.eu-west-1.amazonaws.com${connection}`;
    expect(read(url)).toMatchObject({ kind: 'codeconnections', url, region: 'eu-west-1' });
  });

  test('the form of git-remote-codecommit becomes https', () => {
    const url = 'https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop';
    const shop = { kind: 'codecommit', url, name: 'shop', region: 'eu-west-1' };
    expect(read('codecommit::eu-west-1://shop')).toEqual(shop);
    expect(read('codecommit://shop', { region: 'eu-west-1' })).toEqual(shop);
    expect(read('codecommit://shop')).toEqual([expect.stringContaining('no AWS region')]);
    expect(read('codecommit::eu-west-1://me@shop')).toEqual([expect.stringContaining('profile "me"')]);
  });

  test('a kind that is given counts more than the name of the host', () => {
    const url = 'https://code.acme.example/acme/shop';
    expect(read(url, { host: 'gitlab' })).toMatchObject({ kind: 'gitlab' });
    expect(read(url, { host: 'sourcehut' })).toEqual([expect.stringContaining('one of github, gitlab')]);
    const fake = 'http://127.0.0.1:99/v1/repos/shop';
    expect(read(fake, { host: 'codecommit', region: 'eu-west-1' })).toMatchObject({ region: 'eu-west-1' });
    expect(read(fake, { host: 'codecommit' })).toEqual([expect.stringContaining('region')]);
  });
});

describe('what is wrong with a URL', () => {
  test.each([
    ['git@github.com:acme/shop.git', 'https://github.com/acme/shop.git'],
    ['ssh://git@github.com:22/acme/shop.git', 'https://github.com/acme/shop.git'],
    ['github.com/acme/shop', 'must begin with https'],
    ['file:///etc/passwd', 'must begin with https'],
    ['', 'must begin with https'],
    [`https://github.com/acme/${'x'.repeat(3000)}`, 'too long'],
    ['https://github.com', 'no repository'],
    ['https://github.com/acme', 'owner'],
    ['https://github.com/acme/shop/tree/main', 'owner'],
    ['https://gitlab.com/acme/shop/-/tree/main', 'clone'],
    ['https://dev.azure.com/acme/p', '_git'],
    ['http://github.com/acme/shop', 'https://'],
    ['https://github.com/acme/shop?x=1', 'query'],
    ['https://git-codecommit.eu-west-1.amazonaws.com/shop', '/v1/repos/'],
    ['https://codeconnections.eu-west-1.amazonaws.com/acme/shop', '/git-http/'],
  ])('%s', (url, expected) => {
    expect(read(url)).toEqual([expect.stringContaining(expected)]);
  });

  test('all problems are said at once, and no secret is', () => {
    const problems = read('http://me:hunter2@github.com/acme?token=hunter2');
    expect(problems).toHaveLength(4);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  test('no text makes it throw', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((rest) => `https://github.com/${rest}`),
      fc.constantFrom('codecommit::', 'http://', 'https://[', 'codecommit::x://y'),
    );
    fc.assert(
      fc.property(texts, fc.option(fc.string(), { nil: undefined }), (text, host) => {
        expect(readRepositoryUrl(text, { host }).kind).toMatch(/^(repository|problems)$/);
      }),
    );
  });
});
