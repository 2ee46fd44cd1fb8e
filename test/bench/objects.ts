// The benchmark's set: 1,000 small objects, 250 applications of four, in 25 namespaces. Nothing in it runs (0 replicas), so
// that only the way to the cluster is measured.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { KubeObject } from '../../lib/core/kubernetes/object.ts';

export interface BenchApp {
  readonly name: string;
  readonly namespace: string;
  readonly objects: readonly KubeObject[];
}

export function benchNamespaces(count = 25): string[] {
  return Array.from({ length: count }, (_, index) => `team-${String(index + 1).padStart(2, '0')}`);
}

export function benchApps(count = 250): BenchApp[] {
  const namespaces = benchNamespaces();
  return Array.from({ length: count }, (_, index) => {
    const name = `app-${String(index + 1).padStart(3, '0')}`;
    const namespace = namespaces[index % namespaces.length] ?? 'default';
    return { name, namespace, objects: appObjects(name, namespace) };
  });
}

function appObjects(name: string, namespace: string): KubeObject[] {
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': namespace };
  const metadata = { name, namespace, labels };
  const resources = { limits: { cpu: '200m', memory: '128Mi' }, requests: { cpu: '100m', memory: '64Mi' } };
  const probe = { httpGet: { path: '/healthz', port: 'http' }, initialDelaySeconds: 1, periodSeconds: 5 };
  const container = {
    name: 'web',
    image: `registry.example.com/${name}:1.0.0`,
    imagePullPolicy: 'IfNotPresent',
    env: [
      { name: 'APP', value: name },
      { name: 'LOG_LEVEL', value: 'info' },
    ],
    ports: [
      { name: 'http', containerPort: 8080, protocol: 'TCP' },
      { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
    ],
    livenessProbe: probe,
    readinessProbe: probe,
    resources,
  };
  const template = { metadata: { labels }, spec: { serviceAccountName: name, containers: [container] } };
  const backend = { service: { name, port: { name: 'http' } } };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas: 0, selector: { matchLabels: labels }, template },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }] },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata,
      spec: { rules: [{ host: `${name}.example.com`, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
    },
  ];
}

/** Objects as one YAML stream. JSON is YAML, but a person's files are not JSON: reading them costs what reading YAML costs. */
export function toYaml(objects: readonly KubeObject[], stringify: (value: unknown) => string): string {
  return objects.map((object) => stringify(object)).join('---\n');
}

/** Writes a repository as a user has it: `holdfast.yaml` and one directory per application. */
export async function writeRepository(
  dir: string,
  apps: readonly BenchApp[],
  stringify: (value: unknown) => string,
): Promise<void> {
  const config = {
    version: 1,
    targets: { bench: { kubeconfig: {} } },
    apps: apps.map(({ name, namespace }) => ({ name, path: `apps/${name}`, target: 'bench', namespace })),
  };
  await writeFile(path.join(dir, 'holdfast.yaml'), stringify(config));
  for (const app of apps) {
    const appDir = path.join(dir, 'apps', app.name);
    await mkdir(appDir, { recursive: true });
    for (const object of app.objects) {
      await writeFile(path.join(appDir, `${object.kind.toLowerCase()}.yaml`), stringify(object));
    }
  }
}
