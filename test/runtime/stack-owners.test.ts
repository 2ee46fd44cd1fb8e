// Events of CloudFormation find the application that waits for them.
import { expect, test } from 'vitest';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { ownerDigest } from '../../lib/core/cloudformation/ownership.ts';
import type { Application, TargetSpec } from '../../lib/core/config/model.ts';
import { rememberStackOwner, stackOwner } from '../../lib/runtime/stack-owners.ts';
import { sha256 } from '../../lib/runtime/tools.ts';
import { fakeClock } from '../support/fake-clock.ts';

const app = { id: 'root/network', stack: { name: 'net' } } as unknown as Application;
const target: TargetSpec = { kind: 'cloudformation', name: 'infra', region: 'eu-west-1' };
const arn = (stack: string, region = 'eu-west-1') =>
  `arn:aws:cloudformation:${region}:111122223333:stack/${stack}/11111111-2222-3333-4444-555555555555`;

test('by the digest in its token and by the ARN of its stack', async () => {
  const store = memoryStore({ clock: fakeClock() });
  await rememberStackOwner({ installation: 'prod', store, hash: sha256 }, app, target);
  const digest = ownerDigest({ installation: 'prod', application: 'root/network', stack: 'net' }, sha256);
  expect(await stackOwner(store, digest)).toBe('root/network');
  expect(await stackOwner(store, arn('net'))).toBe('root/network');
});

test('another stack, region or installation is nobody of ours', async () => {
  const store = memoryStore({ clock: fakeClock() });
  await rememberStackOwner({ installation: 'prod', store, hash: sha256 }, app, target);
  const other = ownerDigest({ installation: 'dev', application: 'root/network', stack: 'net' }, sha256);
  expect(await stackOwner(store, other)).toBeUndefined();
  expect(await stackOwner(store, arn('other'))).toBeUndefined();
  expect(await stackOwner(store, arn('net', 'us-east-1'))).toBeUndefined();
});

test('an application without a stack is not remembered', async () => {
  const store = memoryStore({ clock: fakeClock() });
  const plain = { id: 'root/web' } as unknown as Application;
  await rememberStackOwner({ installation: 'prod', store, hash: sha256 }, plain, target);
  expect(await stackOwner(store, arn('net'))).toBeUndefined();
});
