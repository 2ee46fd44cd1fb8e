// The functions behind EventBridge: whose events are believed, what they ring for, and what they leave alone.
import { describe, expect, it } from 'vitest';
import { memoryQueue } from '../../../lib/adapters/queue/memory.ts';
import { memoryStore } from '../../../lib/adapters/store/memory.ts';
import { ecrPushEvent } from '../../../lib/core/trigger/ecr.ts';
import { openCodecommit } from '../../../lib/runtime/lambda/codecommit.ts';
import { openImage } from '../../../lib/runtime/lambda/image.ts';
import { openStackEvent } from '../../../lib/runtime/lambda/stack-event.ts';
import type { RootSettings } from '../../../lib/runtime/root-settings.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { testBench } from '../../support/lambda.ts';

const ours = '111122223333';
const theirs = '999988887777';
const commit = '4a1f6b1d0f3c2e5a7b9c8d7e6f5a4b3c2d1e0f9a';

function home() {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const queue = memoryQueue({ clock });
  const { bench, lines } = testBench();
  const rung = async () => {
    const messages = [...(await queue.receive('source', 10, 1_000)), ...(await queue.receive('reconcile', 10, 1_000))];
    return messages.map((message) => `${message.queue} ${message.body}`);
  };
  const parts = { store, queue, accounts: [ours, '444455556666'], now: clock.now };
  return { store, bench, lines, rung, parts, clock };
}

const notEvents = [undefined, null, 'text', 5, [], true];

describe('image', () => {
  const image = `${ours}.dkr.ecr.eu-west-1.amazonaws.com/team/shop`;
  const event = (over: object = {}) => ({
    ...ecrPushEvent({
      account: ours,
      region: 'eu-west-1',
      repository: 'team/shop',
      tag: '1.2.3',
      digest: `sha256:${'a'.repeat(64)}`,
      id: 'event-1',
      at: 1_700_000_000_000,
    }),
    ...over,
  });

  it('rings once for every repository that follows it, however often the event comes', async () => {
    const { store, bench, rung, parts } = home();
    await store.setFollows('root', [image]);
    await store.setFollows('team-a', [image, 'other']);
    await store.setFollows('team-b', ['other']);
    const open = openImage(bench, parts);
    expect(await open(event())).toEqual({ repositories: ['root', 'team-a'] });
    expect(await rung()).toEqual(['source repo/root', 'source repo/team-a']);
    await open(event());
    expect(await rung()).toEqual([]);
    expect((await store.read('repo/root'))?.reasons).toEqual([
      { kind: 'image', at: parts.now(), note: `${image}:1.2.3` },
    ]);
  });

  it.each([
    ['another account', { account: theirs }],
    ['another source', { source: 'my.app' }],
    ['another kind of event', { 'detail-type': 'ECR Image Scan' }],
    ['a deleted image', { detail: { 'action-type': 'DELETE', result: 'SUCCESS', 'repository-name': 'team/shop' } }],
  ])('leaves %s alone', async (_what, over) => {
    const { store, bench, rung, parts, lines } = home();
    await store.setFollows('root', [image]);
    expect(await openImage(bench, parts)(event(over))).toEqual({ repositories: [] });
    expect(await rung()).toEqual([]);
    expect(lines()).toEqual([expect.objectContaining({ message: expect.stringMatching(/^Ignored: /) })]);
  });

  it('that nobody follows rings for nobody', async () => {
    const { bench, rung, parts } = home();
    expect(await openImage(bench, parts)(event())).toEqual({ repositories: [] });
    expect(await rung()).toEqual([]);
  });

  it.each([...notEvents, event({ detail: 'x' }), event({ account: 5 })])('refuses what is none: %j', async (given) => {
    const { bench, parts } = home();
    await expect(openImage(bench, parts)(given)).rejects.toMatchObject({ code: 'EventMalformed' });
  });
});

describe('codecommit', () => {
  const root: RootSettings = {
    v: 1,
    url: 'https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop',
    branch: 'main',
  };
  const event = (detail: object = {}, over: object = {}) => ({
    source: 'aws.codecommit',
    'detail-type': 'CodeCommit Repository State Change',
    account: ours,
    region: 'eu-west-1',
    id: 'event-1',
    detail: {
      event: 'referenceUpdated',
      repositoryName: 'shop',
      referenceType: 'branch',
      referenceFullName: 'refs/heads/main',
      commitId: commit,
      ...detail,
    },
    ...over,
  });

  it('rings for the followed branch', async () => {
    const { store, bench, rung, parts, clock } = home();
    expect(await openCodecommit(bench, { ...parts, fixed: root })(event())).toEqual({ status: 'rung' });
    expect(await rung()).toEqual(['source repo/root']);
    expect((await store.read('repo/root'))?.reasons).toEqual([
      { kind: 'push', at: clock.now(), note: 'refs/heads/main 4a1f6b1d, event event-1' },
    ]);
  });

  it('knows a repository that was connected', async () => {
    const { store, bench, parts } = home();
    await store.setValue('root', { ...root }, undefined);
    const open = openCodecommit(bench, { ...parts, fixed: undefined });
    expect(await open(event())).toEqual({ status: 'rung' });
  });

  it.each([
    ['another account', event({}, { account: theirs }), root],
    ['another branch', event({ referenceFullName: 'refs/heads/next' }), root],
    ['another repository', event({ repositoryName: 'other' }), root],
    ['another region', event({}, { region: 'us-east-1' }), root],
    ['a tag', event({ referenceType: 'tag', referenceFullName: 'refs/tags/v1' }), root],
    ['a repository elsewhere', event(), { ...root, url: 'https://github.com/acme/shop.git' }],
    ['everything while none is connected', event(), undefined],
  ])('leaves %s alone', async (_what, given, fixed) => {
    const { store, bench, rung, parts } = home();
    const answer = await openCodecommit(bench, { ...parts, fixed })(given);
    expect(answer).toEqual({ status: 'ignored', reason: expect.any(String) });
    expect(await rung()).toEqual([]);
    expect(await store.read('repo/root')).toBeUndefined();
  });

  it.each([...notEvents, event({ commitId: 'x' }), event({}, { detail: null })])(
    'refuses what is none: %j',
    async (given) => {
      const { bench, parts } = home();
      const answer = openCodecommit(bench, { ...parts, fixed: root })(given);
      await expect(answer).rejects.toMatchObject({ code: 'EventMalformed' });
    },
  );
});

describe('stack-event', () => {
  const stackId = (account = ours) =>
    `arn:aws:cloudformation:eu-west-1:${account}:stack/network/11111111-2222-3333-4444-555555555555`;
  const digest = '0123456789abcdef';
  const event = (detail: object = {}, over: object = {}) => ({
    source: 'aws.cloudformation',
    'detail-type': 'CloudFormation Stack Status Change',
    account: ours,
    region: 'eu-west-1',
    id: 'event-1',
    detail: {
      'stack-id': stackId(),
      'client-request-token': `hf-${digest}-run1`,
      'status-details': { status: 'UPDATE_COMPLETE' },
      ...detail,
    },
    ...over,
  });
  const drift = (status: string) =>
    event(
      {
        'client-request-token': undefined,
        'stack-drift-detection-id': 'd-1',
        'status-details': { 'detection-status': status, 'stack-drift-status': 'DRIFTED' },
      },
      { 'detail-type': 'CloudFormation Drift Detection Status Change' },
    );

  it('wakes the application that the token names', async () => {
    const { store, bench, rung, parts } = home();
    await store.setValue(`owner/${digest}`, 'root/network', undefined);
    expect(await openStackEvent(bench, parts)(event())).toEqual({ status: 'rung', app: 'root/network' });
    expect(await rung()).toEqual(['reconcile app/root/network']);
    expect((await store.read('app/root/network'))?.reasons).toMatchObject([
      { kind: 'stack-event', note: 'UPDATE_COMPLETE' },
    ]);
  });

  it('wakes the application of a stack whose drift was looked for', async () => {
    const { store, bench, rung, parts } = home();
    await store.setValue('owner/stack/eu-west-1/network', 'root/network', undefined);
    expect(await openStackEvent(bench, parts)(drift('DETECTION_COMPLETE'))).toMatchObject({ status: 'rung' });
    expect(await rung()).toEqual(['reconcile app/root/network']);
  });

  it.each([
    ['another account', event({ 'stack-id': stackId(theirs) }, { account: theirs })],
    ['an operation that goes on', event({ 'status-details': { status: 'UPDATE_IN_PROGRESS' } })],
    ['a detection that goes on', drift('DETECTION_IN_PROGRESS')],
    ['an operation without a token', event({ 'client-request-token': undefined })],
    ['an operation of somebody else', event({ 'client-request-token': 'my-pipeline-7' })],
    ['an operation of another installation', event({ 'client-request-token': 'hf-ffffffffffffffff-run1' })],
  ])('leaves %s alone', async (_what, given) => {
    const { store, bench, rung, parts } = home();
    await store.setValue(`owner/${digest}`, 'root/network', undefined);
    await store.setValue('owner/stack/eu-west-1/network', 'root/network', undefined);
    const answer = await openStackEvent(bench, parts)(given);
    expect(answer).toEqual({ status: 'ignored', reason: expect.any(String) });
    expect(await rung()).toEqual([]);
  });

  it.each([...notEvents, event({ 'stack-id': stackId(theirs) }), event({ 'status-details': 1 })])(
    'refuses what is none: %j',
    async (given) => {
      const { bench, parts } = home();
      await expect(openStackEvent(bench, parts)(given)).rejects.toMatchObject({ code: 'EventMalformed' });
    },
  );
});
