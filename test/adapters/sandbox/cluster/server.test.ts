// The cluster over HTTPS, as a client meets it.
import { statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { startSandboxCluster } from '../../../../lib/adapters/sandbox/cluster/server.ts';
import { listAt, mapAt, numberAt, textAt } from '../../../../lib/adapters/sandbox/cluster/json.ts';
import { eventually } from '../../../support/eventually.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { clientOf, configMap, configMaps, deployment, deployments, freshCluster, names } from './support.ts';

describe('access', () => {
  test('without the token nothing is answered but 401', async () => {
    const { send } = await freshCluster();
    const reply = await send('GET', '/api/v1/namespaces', undefined, { authorization: 'Bearer wrong' });
    expect(reply).toMatchObject({ status: 401, body: { kind: 'Status', reason: 'Unauthorized', code: 401 } });
  });

  test('files with the token are for the owner only', async () => {
    const { dataDir } = await freshCluster();
    for (const file of ['kubeconfig', 'token', 'server.pem', 'objects.journal']) {
      expect(statSync(path.join(dataDir, file)).mode & 0o777).toBe(0o600);
    }
  });

  test('objects, certificate and token are kept from one start to the next', async () => {
    const dataDir = tempDir();
    const first = await startSandboxCluster({ dataDir });
    await clientOf(first, dataDir).apply(`${configMaps}/a`, configMap('a', { k: '1' }));
    await first.close();
    const second = await startSandboxCluster({ dataDir });
    expect([second.token, second.caPem]).toEqual([first.token, first.caPem]);
    expect(await clientOf(second, dataDir).send('GET', `${configMaps}/a`)).toMatchObject({
      status: 200,
      body: { data: { k: '1' } },
    });
    await second.close();
  });
});

describe('discovery', () => {
  test('is answered again only when what is served has changed', async () => {
    const { send, apply } = await freshCluster();
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const first = await send('GET', '/apis', undefined, { accept });
    expect(first.headers['content-type']).toContain('as=APIGroupDiscoveryList');
    const etag = String(first.headers.etag);
    expect((await send('GET', '/apis', undefined, { accept, 'if-none-match': etag })).status).toBe(304);
    await apply('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com', widgets);
    const changed = await eventually(async () => {
      const reply = await send('GET', '/apis', undefined, { accept, 'if-none-match': etag });
      return reply.status === 200 && reply;
    });
    expect(changed.text).toContain('"resource":"widgets"');
  });

  test('a path that cannot be read is the mistake of the client', async () => {
    const { send } = await freshCluster();
    expect((await send('GET', '/api/v1/namespaces/%zz')).status).toBe(400);
  });

  test('unknown groups are plain text, unknown resources a Status', async () => {
    const { send } = await freshCluster();
    expect(await send('GET', '/apis/nope.example.com/v1/things')).toMatchObject({
      status: 404,
      text: '404 page not found\n',
    });
    expect(await send('GET', '/apis/apps/v1/things')).toMatchObject({ status: 404, body: { reason: 'NotFound' } });
  });
});

const widgets = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

describe('lists', () => {
  test('are paged from one state, and a forgotten page is 410', async () => {
    const { send, apply } = await freshCluster();
    for (const name of ['a', 'b', 'c'])
      await apply(`${configMaps}/${name}`, configMap(name, {}, { labels: { app: 'x' } }));
    const first = await send('GET', `${configMaps}?limit=2&labelSelector=app%3Dx`);
    expect(names(first.body)).toEqual(['a', 'b']);
    await send('DELETE', `${configMaps}/c`);
    const token = textAt(first.body, 'metadata', 'continue') ?? '';
    const rest = await send('GET', `${configMaps}?limit=2&continue=${token}`);
    expect(names(rest.body)).toEqual(['c']);
    const unknown = Buffer.from('page:00000000-0000-0000-0000-000000000000').toString('base64url');
    expect(await send('GET', `${configMaps}?limit=2&continue=${unknown}`)).toMatchObject({
      status: 410,
      body: { reason: 'Expired' },
    });
  });

  test('of built-in kinds leave kind and apiVersion out of the items, as the real server does', async () => {
    const { send, apply } = await freshCluster();
    await apply(`${configMaps}/a`, configMap('a', {}));
    const { body } = await send('GET', `${configMaps}?fieldSelector=metadata.name%3Da`);
    expect(body['kind']).toBe('ConfigMapList');
    expect(Object.keys(mapAt(listAt(body, 'items')[0]))).toEqual(['metadata']);
  });
});

describe('the form of an answer', () => {
  const accept = (as: string) => ({ accept: `application/json;as=${as};g=meta.k8s.io;v=v1,application/json` });

  test('is metadata only when that is asked for', async () => {
    const { send, apply } = await freshCluster();
    await apply(`${configMaps}/a`, configMap('a', { secret: 'x' }));
    const list = await send('GET', configMaps, undefined, accept('PartialObjectMetadataList'));
    expect(list.body['kind']).toBe('PartialObjectMetadataList');
    expect(list.text).not.toContain('secret":"x"');
    expect(names(list.body)).toEqual(['a']);
  });

  test('is a table for people', async () => {
    const { send, apply } = await freshCluster();
    await apply(`${deployments}/web`, deployment('web', 'nginx', { replicas: 0 }));
    const { body } = await send('GET', deployments, undefined, accept('Table'));
    expect(listAt(body, 'columnDefinitions').map((column) => textAt(column, 'name'))).toEqual([
      'Name',
      'Ready',
      'Up-to-date',
      'Available',
      'Age',
    ]);
    expect(listAt(listAt(body, 'rows')[0], 'cells').slice(0, 4)).toEqual(['web', '0/0', 0, 0]);
  });
});

describe('writes', () => {
  test('an apply with version 1 creates what is missing and refuses what is there', async () => {
    const { apply } = await freshCluster();
    const body = configMap('a', { k: '1' }, { resourceVersion: '1' });
    expect((await apply(`${configMaps}/a`, body)).status).toBe(201);
    expect(await apply(`${configMaps}/a`, body)).toMatchObject({ status: 409, body: { reason: 'Conflict' } });
  });

  test('an apply that changes nothing leaves version and times alone', async () => {
    const { apply, send } = await freshCluster();
    const first = await apply(`${deployments}/web`, deployment('web'));
    await eventually(async () => numberAt((await send('GET', `${deployments}/web`)).body, 'status', 'readyReplicas'));
    const before = await send('GET', `${deployments}/web`);
    const again = await apply(`${deployments}/web`, deployment('web'));
    expect(first.status).toBe(201);
    expect(again.body).toEqual(before.body);
  });

  test('a dry run answers as if and stores nothing', async () => {
    const { apply, send } = await freshCluster();
    expect((await apply(`${configMaps}/a`, configMap('a', { k: '1' }), 'm', '&dryRun=All')).status).toBe(201);
    expect((await send('GET', `${configMaps}/a`)).status).toBe(404);
  });

  test('a conflict names fields and managers', async () => {
    const { apply } = await freshCluster();
    await apply(`${configMaps}/a`, configMap('a', { k: '1' }), 'm1');
    const reply = await apply(`${configMaps}/a`, configMap('a', { k: '2' }), 'm2');
    expect(reply.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Apply failed with 1 conflict: conflict with "m1": .data.k',
      reason: 'Conflict',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "m1"', field: '.data.k' }] },
      code: 409,
    });
  });

  test('a schema mistake is a 500 without a reason', async () => {
    const { apply } = await freshCluster();
    const reply = await apply(`${deployments}/web`, deployment('web', 'nginx', { replcas: 2 }));
    expect(reply.status).toBe(500);
    expect(reply.body['message']).toBe(
      'failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.replcas: field not declared in schema',
    );
    expect(reply.body).not.toHaveProperty('reason');
  });

  test('a delete with preconditions that do not hold is refused', async () => {
    const { apply, send } = await freshCluster();
    await apply(`${configMaps}/a`, configMap('a', {}));
    expect((await send('DELETE', `${configMaps}/a`, { preconditions: { uid: 'other' } })).status).toBe(409);
    expect((await send('GET', `${configMaps}/a`)).status).toBe(200);
  });

  test('the body of a delete counts when it comes in chunks', async () => {
    const { apply, send } = await freshCluster();
    await apply(`${configMaps}/a`, configMap('a', {}));
    const reply = await send(
      'DELETE',
      `${configMaps}/a`,
      { preconditions: { uid: 'other' } },
      { 'transfer-encoding': 'chunked', 'content-length': '' },
    );
    expect([400, 409]).toContain(reply.status);
    expect((await send('GET', `${configMaps}/a`)).status).toBe(200);
  });
});
