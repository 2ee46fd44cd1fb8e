// The protobuf form in which generated clients send objects.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeProtobuf } from '../../../../lib/adapters/sandbox/cluster/api/protobuf.ts';
import { Refusal } from '../../../../lib/adapters/sandbox/cluster/api/status.ts';

const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)]);
const bytes = (number: number, content: Buffer | string): Buffer =>
  Buffer.concat([
    Buffer.from([...varint(number * 8 + 2), ...varint(Buffer.byteLength(content))]),
    Buffer.from(content),
  ]);
const whole = (number: number, value: number): Buffer => Buffer.from([...varint(number * 8), ...varint(value)]);
const message = (...fields: Buffer[]): Buffer => Buffer.concat(fields);

function envelope(apiVersion: string, kind: string, content: Buffer): Buffer {
  const about = message(bytes(1, apiVersion), bytes(2, kind));
  return Buffer.concat([Buffer.from('k8s\0'), message(bytes(1, about), bytes(2, content))]);
}

const metadata = bytes(1, message(bytes(1, 'web'), bytes(11, message(bytes(1, 'app'), bytes(2, 'web')))));

describe('a protobuf body', () => {
  test('has numbers, nested messages, lists and maps', () => {
    const port = message(whole(3, 80), bytes(4, 'TCP'));
    const limits = bytes(1, message(bytes(1, 'cpu'), bytes(2, bytes(1, '500m'))));
    const container = message(
      bytes(1, 'web'),
      bytes(2, 'nginx'),
      bytes(6, port),
      bytes(8, limits),
      bytes(3, 'a'),
      bytes(3, 'b'),
    );
    const template = message(bytes(2, bytes(2, container)));
    const spec = message(whole(1, 300), bytes(3, template));
    expect(decodeProtobuf(envelope('apps/v1', 'Deployment', message(metadata, bytes(2, spec))))).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        replicas: 300,
        template: {
          spec: {
            containers: [
              {
                name: 'web',
                image: 'nginx',
                ports: [{ containerPort: 80, protocol: 'TCP' }],
                resources: { limits: { cpu: '500m' } },
                command: ['a', 'b'],
              },
            ],
          },
        },
      },
    });
  });

  test('has bytes as base64, either-or values as what they are, and embedded structs in their place', () => {
    const secret = envelope(
      'v1',
      'Secret',
      message(metadata, bytes(2, message(bytes(1, 'k'), bytes(2, Buffer.from([0, 255]))))),
    );
    expect(decodeProtobuf(secret)).toMatchObject({ data: { k: 'AP8=' } });
    const targets = [message(whole(1, 0), whole(2, 8080)), message(whole(1, 1), bytes(3, 'http'))];
    const spec = message(...targets.map((target) => bytes(1, message(whole(3, 80), bytes(4, target)))));
    expect(decodeProtobuf(envelope('v1', 'Service', message(metadata, bytes(2, spec))))).toMatchObject({
      spec: { ports: [{ targetPort: 8080 }, { targetPort: 'http' }] },
    });
    const volume = message(bytes(1, 'v'), bytes(2, bytes(2, bytes(1, 'Memory'))));
    expect(decodeProtobuf(envelope('v1', 'Pod', message(metadata, bytes(2, bytes(1, volume)))))).toMatchObject({
      spec: { volumes: [{ name: 'v', emptyDir: { medium: 'Memory' } }] },
    });
  });

  test('of a kind without that form is refused', () => {
    expect(() => decodeProtobuf(envelope('example.com/v1', 'Widget', metadata))).toThrow('415');
  });

  test('that is broken is refused, never more', () => {
    const sound = envelope('v1', 'ConfigMap', message(metadata, bytes(2, message(bytes(1, 'k'), bytes(2, 'v')))));
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const broken = Buffer.from(sound);
        broken[at] = byte;
        let outcome: unknown = 'decoded';
        try {
          decodeProtobuf(broken);
        } catch (error) {
          outcome = error;
        }
        expect(outcome === 'decoded' || outcome instanceof Refusal).toBe(true);
      }),
    );
  });
});
