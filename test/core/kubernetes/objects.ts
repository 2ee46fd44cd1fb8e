// Builders for objects as the API server gives them, and the digests that core takes as arguments.
import { createHash, createHmac } from 'node:crypto';
import type { JsonObject } from '../../../lib/core/json.ts';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';

export const hash = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
export const hmac = (data: string): string => createHmac('sha256', 'test key').update(data).digest('hex');

export const manager = 'holdfast:local/demo/web';

export function applied(fieldsV1: JsonObject, apiVersion = 'v1', name = manager): JsonObject {
  return {
    manager: name,
    operation: 'Apply',
    apiVersion,
    fieldsType: 'FieldsV1',
    fieldsV1,
    time: '2026-11-01T00:00:00Z',
  };
}

export function updated(name: string, fieldsV1: JsonObject, time = '2026-11-02T00:00:00Z'): JsonObject {
  return { manager: name, operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1, time };
}

export function configMap(data: JsonObject, metadata: JsonObject = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web', namespace: 'prod', ...metadata }, data };
}

export function deployment(metadata: JsonObject, spec: JsonObject): KubeObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'prod', ...metadata }, spec };
}
