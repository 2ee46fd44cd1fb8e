import { describe } from 'vitest';
import { join } from 'node:path';
import { openRemote } from '../../../lib/adapters/git/remote.ts';
import { gitSourceContract } from '../../contract/git-source.ts';
import { git, startGitServer } from '../../support/git.ts';

describe('as a Git source', () => {
  gitSourceContract(async (temp) => {
    const server = await startGitServer(join(temp, 'host'));
    const bare = server.host.path('repo');
    await git(temp, 'init', '-q', '--bare', bare);
    return { bare, source: openRemote({ url: `${server.url}/repo.git`, dataDirectory: join(temp, 'data') }) };
  });
});
