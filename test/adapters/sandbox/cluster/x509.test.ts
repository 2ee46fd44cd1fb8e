// The certificate that is written by hand must satisfy a real TLS stack.
import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeServerCertificate } from '../../../../lib/adapters/sandbox/cluster/x509.ts';

const now = Date.parse('2026-01-02T03:04:05Z');
const made = makeServerCertificate('holdfast-sandbox', now);
const certificate = new X509Certificate(made.certPem);

test('it is its own authority and names this machine', () => {
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.ca).toBe(true);
  expect(certificate.subjectAltName).toBe('IP Address:127.0.0.1, DNS:localhost');
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.checkHost('localhost')).toBe('localhost');
});

test('it is valid from an hour before for ten years', () => {
  expect(Date.parse(certificate.validFrom)).toBe(now - 3_600_000);
  expect(Date.parse(certificate.validTo) - now).toBe(10 * 365 * 86_400_000);
});

test('a certificate beyond 2049 has the long form of time', () => {
  const late = new X509Certificate(makeServerCertificate('late', Date.parse('2049-06-01T00:00:00Z')).certPem);
  expect(new Date(late.validTo).getUTCFullYear()).toBe(2059);
});

test('two of them are different', () => {
  expect(new X509Certificate(makeServerCertificate('x', now).certPem).serialNumber).not.toBe(certificate.serialNumber);
});
