// What a real API server (1.36) says, and the name that the client gives it.
import { expect, test } from 'vitest';
import { refusal, type RequestSubject } from '../../../lib/adapters/kube/status.ts';

const configMap: RequestSubject = {
  verb: 'apply',
  object: 'ConfigMap/default/a',
  plural: 'configmaps',
  name: 'a',
  secret: false,
};
const secret: RequestSubject = {
  verb: 'apply',
  object: 'Secret/default/a',
  plural: 'secrets',
  name: 'a',
  secret: true,
};
const list: RequestSubject = { verb: 'list', object: 'configmaps', plural: 'configmaps', secret: false };

function status(code: number, reason: string, message: string, details: object = {}) {
  return {
    status: code,
    contentType: 'application/json',
    retryAfter: undefined,
    body: JSON.stringify({ kind: 'Status', status: 'Failure', reason, message, details, code }),
  };
}

function plain(code: number, body: string, retryAfter?: string) {
  return { status: code, contentType: 'text/plain; charset=utf-8', retryAfter, body };
}

const cause = (reason: string, field: string, message: string) => ({ causes: [{ reason, field, message }] });
const typed = 'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): ';

const cases: [string, RequestSubject, ReturnType<typeof status> | ReturnType<typeof plain>, object][] = [
  [
    'another manager',
    configMap,
    status(
      409,
      'Conflict',
      'Apply failed with 1 conflict: conflict with "m1": .data.k',
      cause('FieldManagerConflict', '.data.k', 'conflict with "m1"'),
    ),
    { code: 'Conflict', retryable: false, conflicts: [{ manager: 'm1', field: '.data.k' }] },
  ],
  [
    'another manager in another version',
    configMap,
    status(
      409,
      'Conflict',
      'Apply failed',
      cause('FieldManagerConflict', '.data.k', 'conflict with "kubectl-edit" using v1'),
    ),
    { conflicts: [{ manager: 'kubectl-edit', field: '.data.k' }] },
  ],
  [
    'an old resourceVersion',
    configMap,
    status(409, 'Conflict', 'Operation cannot be fulfilled on configmaps "a": the object has been modified', {
      name: 'a',
      kind: 'configmaps',
    }),
    { code: 'Stale', retryable: true },
  ],
  [
    'another uid',
    configMap,
    status(422, 'Invalid', 'ConfigMap "a" is invalid: metadata.uid: Invalid value: "x": field is immutable', {
      name: 'a',
      kind: 'ConfigMap',
      ...cause('FieldValueInvalid', 'metadata.uid', 'Invalid value: "x": field is immutable'),
    }),
    { code: 'Stale', retryable: true },
  ],
  [
    'it exists',
    configMap,
    status(409, 'AlreadyExists', 'configmaps "a" already exists', { name: 'a', kind: 'configmaps' }),
    { code: 'AlreadyExists' },
  ],
  [
    'an immutable field',
    configMap,
    status(
      422,
      'Invalid',
      'Deployment.apps "web" is invalid',
      cause('FieldValueInvalid', 'spec.selector', 'Invalid value: {}: field is immutable'),
    ),
    { code: 'Immutable', retryable: false, source: 'user' },
  ],
  [
    'forbidden updates of a StatefulSet',
    configMap,
    status(
      422,
      'Invalid',
      'StatefulSet.apps "s" is invalid',
      cause(
        'FieldValueForbidden',
        'spec',
        "Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
      ),
    ),
    { code: 'Immutable' },
  ],
  [
    'an invalid value',
    configMap,
    status(
      422,
      'Invalid',
      'Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1',
      cause('FieldValueInvalid', 'spec.replicas', 'Invalid value: -1: must be greater than or equal to 0'),
    ),
    {
      code: 'Invalid',
      source: 'user',
      causes: [
        {
          reason: 'FieldValueInvalid',
          field: 'spec.replicas',
          message: 'Invalid value: -1: must be greater than or equal to 0',
        },
      ],
    },
  ],
  [
    'an unknown field is a 500',
    configMap,
    status(500, '', `${typed}.spec.replcas: field not declared in schema`),
    { code: 'SchemaMistake', retryable: false, source: 'user' },
  ],
  [
    'a wrong type is a 500',
    configMap,
    status(500, '', `${typed}.spec.replicas: expected numeric (int or float), got string`),
    { code: 'SchemaMistake', retryable: false },
  ],
  [
    'a quantity that is none is a 500',
    configMap,
    status(
      500,
      '',
      "failed to convert new object (/b; apps/v1, Kind=Deployment) to proper version: unable to convert unstructured object to apps/v1, Kind=Deployment: quantities must match the regular expression '^x$'",
    ),
    { code: 'SchemaMistake', retryable: false, source: 'user' },
  ],
  [
    'a conversion webhook that fails',
    configMap,
    status(
      500,
      '',
      'failed to convert new object (/b; x/v1, Kind=W) to proper version: conversion webhook for x failed',
    ),
    { code: 'ClusterFault', retryable: true },
  ],
  [
    'a key twice',
    configMap,
    status(400, 'BadRequest', 'error strict decoding YAML: key "k" already set in map'),
    { code: 'SchemaMistake' },
  ],
  [
    'a bad request',
    configMap,
    status(400, 'BadRequest', 'metadata.managedFields must be nil'),
    { code: 'BadRequest', source: 'user' },
  ],
  ['not logged in', configMap, status(401, 'Unauthorized', 'Unauthorized'), { code: 'Unauthorized', source: 'user' }],
  [
    'not allowed',
    configMap,
    status(403, 'Forbidden', 'configmaps "a" is forbidden: User "dev" cannot patch resource "configmaps"', {
      name: 'a',
      kind: 'configmaps',
    }),
    { code: 'Forbidden', retryable: false },
  ],
  [
    'its namespace goes away',
    configMap,
    status(
      403,
      'Forbidden',
      'configmaps "a" is forbidden: unable to create new content',
      cause('NamespaceTerminating', 'metadata.namespace', 'namespace foo is being terminated'),
    ),
    { code: 'NamespaceTerminating', retryable: true },
  ],
  [
    'a quota',
    configMap,
    status(
      403,
      'Forbidden',
      'pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3',
    ),
    { code: 'QuotaExceeded' },
  ],
  [
    'Pod security',
    configMap,
    status(403, 'Forbidden', 'pods "a" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot'),
    { code: 'AdmissionDenied' },
  ],
  [
    'a webhook says no',
    configMap,
    status(400, 'BadRequest', 'admission webhook "x.example.com" denied the request: no latest tags'),
    { code: 'AdmissionDenied', source: 'user', reason: expect.stringContaining('no latest tags') },
  ],
  [
    'a policy says no',
    configMap,
    status(
      422,
      'Invalid',
      `deployments.apps "web" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: too many replicas`,
    ),
    { code: 'AdmissionDenied' },
  ],
  [
    'a webhook is down',
    configMap,
    status(500, 'InternalError', 'Internal error occurred: failed calling webhook "x.example.com": connection refused'),
    { code: 'WebhookDown', retryable: true },
  ],
  [
    'its namespace is not there',
    configMap,
    status(404, 'NotFound', 'namespaces "nons" not found', { name: 'nons', kind: 'namespaces' }),
    { code: 'NamespaceMissing' },
  ],
  [
    'its namespace, of the same name, is not there',
    configMap,
    status(404, 'NotFound', 'namespaces "a" not found', { name: 'a', kind: 'namespaces' }),
    { code: 'NamespaceMissing' },
  ],
  [
    'the object is not there',
    configMap,
    status(404, 'NotFound', 'configmaps "a" not found', { name: 'a', kind: 'configmaps' }),
    { code: 'NotFound' },
  ],
  [
    'a resource that its group does not have',
    configMap,
    status(404, 'NotFound', 'the server could not find the requested resource'),
    { code: 'UnknownResource', retryable: true },
  ],
  ['a group that is not there', configMap, plain(404, '404 page not found\n'), { code: 'UnknownResource' }],
  [
    'a list of a resource that is not there',
    list,
    status(404, 'NotFound', 'the server could not find the requested resource'),
    { code: 'UnknownResource' },
  ],
  [
    'too many requests',
    configMap,
    plain(429, 'Too many requests, please try again later.\n', '1'),
    { code: 'TooManyRequests', retryable: true, retryAfterMs: 1000 },
  ],
  [
    'a server behind the server is dead',
    configMap,
    plain(503, 'service unavailable\n'),
    { code: 'ClusterFault', retryable: true, status: 503 },
  ],
  [
    'an old continue token',
    list,
    status(410, 'Expired', 'The provided continue parameter is too old'),
    { code: 'Expired', retryable: true },
  ],
  [
    'a time-out of the server',
    configMap,
    status(504, 'Timeout', 'Timeout: request did not complete within requested timeout'),
    { code: 'ClusterTimeout', retryable: true },
  ],
  [
    'JSON that is none',
    configMap,
    { ...plain(500, '{'), contentType: 'application/json' },
    { code: 'ClusterFault', reason: '{' },
  ],
  ['a redirect of a login page', configMap, plain(302, '<html>'), { code: 'UnexpectedAnswer' }],
];

test.each(cases)('%s', (_what, subject, reply, expected) => {
  expect(refusal(subject, reply)).toMatchObject({ status: reply.status, object: subject.object, ...expected });
});

test.each([
  [
    'validation',
    status(
      422,
      'Invalid',
      'Secret "a" is invalid: data[k]: Invalid value: "hunter2": x',
      cause('FieldValueInvalid', 'data[k]', 'Invalid value: "hunter2": x'),
    ),
    'data[k]: FieldValueInvalid',
  ],
  [
    'a wrong type',
    status(
      500,
      '',
      'failed to create typed patch object (default/a; /v1, Kind=Secret): .stringData.k: expected string, got hunter2',
    ),
    'not shown, because it may quote secret values',
  ],
  ['decoding', status(400, 'BadRequest', 'illegal base64 data at input byte 3: "hunter2"'), 'BadRequest'],
  ['plain text', plain(500, 'hunter2'), 'not shown, because it may quote secret values'],
])('a refused Secret, %s: no value is repeated', (_what, reply, reason) => {
  const error = refusal(secret, reply);
  expect(JSON.stringify([error, error.message, error.toFailure()])).not.toContain('hunter2');
  expect(error.reason).toBe(reason);
});
