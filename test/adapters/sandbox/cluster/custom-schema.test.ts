// Custom resources by the schema of their definition.
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../lib/core/json.ts';
import { applyConfiguration } from '../../../../lib/adapters/sandbox/cluster/fields/managed.ts';
import { FieldSet } from '../../../../lib/adapters/sandbox/cluster/fields/field-set.ts';
import { problemsText, typeProblems } from '../../../../lib/adapters/sandbox/cluster/fields/validate.ts';
import { mapAt } from '../../../../lib/adapters/sandbox/cluster/json.ts';
import { customForm, customType } from '../../../../lib/adapters/sandbox/cluster/kinds/custom-schema.ts';
import { schemaProblems } from '../../../../lib/adapters/sandbox/cluster/kinds/custom-validation.ts';

const port = {
  type: 'object',
  properties: { port: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' } },
};
const keyed = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['port', 'protocol'] };
const schema: JsonObject = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 10 },
        mode: { type: 'string', enum: ['a', 'b'], default: 'a' },
        name: { type: 'string', pattern: '^x', maxLength: 4 },
        ports: { type: 'array', ...keyed, items: port },
        plain: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
        open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
  },
};
const type = customType(schema);

test('what the schema does not know is pruned, and its defaults are filled in, at every level', () => {
  const given = {
    metadata: { name: 'a', labels: {} },
    spec: { size: 1, x: 1, plain: [{ a: '1', b: 2 }], open: { any: 1 }, ports: [{ port: 80 }] },
  };
  expect(customForm(type, given)).toEqual({
    metadata: { name: 'a' },
    spec: { size: 1, mode: 'a', plain: [{ a: '1' }], open: { any: 1 }, ports: [{ port: 80, protocol: 'TCP' }] },
  });
});

test('its keyed lists merge, its other lists are one value', () => {
  const writer = { apiVersion: 'e/v1', subresource: '', time: '2026-01-01T00:00:00Z', excluded: new FieldSet() };
  const apply = (live: JsonObject, spec: JsonObject, manager: string) =>
    applyConfiguration(type, [live, { spec }], { ...writer, manager }, false);
  const first = apply({}, { ports: [{ port: 80 }], plain: [{ a: '1' }] }, 'm1');
  const live = 'object' in first ? first.object : {};
  const second = apply(live, { ports: [{ port: 81 }] }, 'm2');
  expect('object' in second ? mapAt(second.object, 'spec')['ports'] : undefined).toEqual([{ port: 80 }, { port: 81 }]);
  expect(apply(live, { plain: [{ a: '2' }] }, 'm2')).toHaveProperty('conflicts');
});

test('an unknown field and a wrong type are schema mistakes of an apply', () => {
  const check = (spec: JsonObject) => problemsText(typeProblems(type, { spec }, { allowDuplicates: false }));
  expect(check({ colour: 'red' })).toBe('.spec.colour: field not declared in schema');
  expect(check({ size: 'one' })).toBe('.spec.size: expected numeric (int or float), got string');
});

describe('a value that the schema refuses', () => {
  // Each message is what a real kube-apiserver answered.
  test.each([
    [{ size: 0 }, 'spec.size', 'Invalid value: 0: spec.size in body should be greater than or equal to 1'],
    [{ size: 11 }, 'spec.size', 'Invalid value: 11: spec.size in body should be less than or equal to 10'],
    [{ size: 1, mode: 'c' }, 'spec.mode', 'Unsupported value: "c": supported values: "a", "b"'],
    [{ size: 1, name: 'yy' }, 'spec.name', 'Invalid value: "yy": spec.name in body should match \'^x\''],
    [{ size: 'one' }, 'spec.size', 'Invalid value: "string": spec.size in body must be of type integer: "string"'],
    [{}, 'spec.size', 'Required value'],
  ])('%j', (spec: JsonObject, field, message) => {
    expect(schemaProblems(schema, { spec })).toEqual([expect.objectContaining({ field, message })]);
  });
});
