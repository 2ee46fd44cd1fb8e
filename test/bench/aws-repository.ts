// The repository of the benchmark on AWS: many plain applications, one chart, and one that follows an image.
import type { Deployment } from '../support/aws/deployment.ts';
import { targetRoleArn } from '../support/aws/grants.ts';

export const image = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop';

export const nameOf = (index: number): string => `app-${String(index).padStart(4, '0')}`;

const configMap = (name: string, data: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { ${data} }\n`;

/** Path and content of the one file of an application. */
export const appFile = (index: number, value: number): Readonly<Record<string, string>> => ({
  [`apps/${nameOf(index)}/config.yaml`]: configMap(nameOf(index), `value: "${value}"`),
});

export const chartValues = (value: number): Readonly<Record<string, string>> => ({
  'apps/chart/values.yaml': `value: "${value}"\n`,
});

/** `holdfast.yaml`. The target is swept as often as the first application wants it. */
export function config(on: Deployment, apps: number, drift: string): Readonly<Record<string, string>> {
  const lines = [
    'version: 1',
    `targets: { prod: { eks: { cluster: ${on.cluster}, region: eu-west-1, roleArn: '${targetRoleArn(on.aws)}' } } }`,
    'defaults: { drift: { every: 24h } }',
    'apps:',
    '  - { name: chart, path: apps/chart, target: prod, namespace: default }',
    `  - { name: shop, path: apps/shop, target: prod, namespace: default, images: [{ repository: ${image}, policy: { semver: ^1.0 } }] }`,
  ];
  for (let index = 0; index < apps; index++) {
    const every = index === 0 ? `, drift: { every: ${drift} }` : '';
    lines.push(`  - { name: ${nameOf(index)}, path: apps/${nameOf(index)}, target: prod, namespace: default${every} }`);
  }
  return { 'holdfast.yaml': `${lines.join('\n')}\n` };
}

/** All files of the first commit. */
export function repositoryFiles(on: Deployment, apps: number): Readonly<Record<string, string>> {
  const each = Array.from({ length: apps }, (_, index) => appFile(index, 0));
  return {
    ...config(on, apps, '24h'),
    'apps/chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
    'apps/chart/templates/config.yaml': configMap('chart', 'value: {{ .Values.value | quote }}'),
    ...chartValues(0),
    'apps/shop/config.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shop }\ndata:\n  image: ${image}:1.0.0 # holdfast:image ${image}\n`,
    ...Object.assign({}, ...each),
  };
}
