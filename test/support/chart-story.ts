// A chart that asks what cluster it goes to: told by the sweep, and told again when the cluster serves something new.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json } from '../../lib/core/json.ts';
import { eventually } from './eventually.ts';
import { at, dataDirectory, removeDir, type Running, settledAt, up, Work } from './server.ts';

export interface ChartBench {
  /** The target in `holdfast.yaml`. */
  readonly target: string;
  /** Flags of `up`. */
  readonly flags: readonly string[];
  /** Version as the cluster says it, asked for after the server is up. */
  version(): Promise<string>;
  /** A ConfigMap of the namespace `default`. */
  configMap(name: string): Promise<Json | undefined>;
  close(): Promise<void>;
}

const within = 40_000;
const template = `apiVersion: v1
kind: ConfigMap
metadata: { name: seen }
data:
  version: {{ .Capabilities.KubeVersion.Version | quote }}
  deployments: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}
  widgets: {{ .Capabilities.APIVersions.Has "chart.example.com/v1/Widget" | quote }}
`;
const widgets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.chart.example.com }
spec:
  group: chart.example.com
  scope: Namespaced
  names: { kind: Widget, plural: widgets, singular: widget, listKind: WidgetList }
  versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
`;

/** Registers the test. */
export function tellChartStory(makeBench: (dataDir: string) => Promise<ChartBench>): void {
  let dataDir: string;
  let bench: ChartBench;
  let server: Running;

  beforeAll(async () => {
    dataDir = dataDirectory();
    bench = await makeBench(dataDir);
    server = await up({ dataDir, args: ['--no-examples', ...bench.flags] });
  }, 60_000);
  afterAll(async () => {
    await server?.kill('SIGTERM');
    await bench?.close();
    removeDir(dataDir);
  });

  const seen = async (): Promise<Json | undefined> => at(await bench.configMap('seen'), 'data');
  const until = async (data: object): Promise<void> => {
    const look = async (): Promise<boolean> => {
      expect(await seen()).toEqual(data);
      return true;
    };
    await eventually(look, { within, every: 100 });
  };

  test('a chart gets version and APIs of its cluster, and is rendered again when there is a new one; others are not', async () => {
    const work = await Work.clone(`${server.ready.git}/demo.git`, dataDir);
    const app = (name: string): string => `  - { name: ${name}, path: ${name}, target: here, namespace: default }`;
    const config = (...names: readonly string[]): string =>
      `version: 1\ntargets: { here: ${bench.target} }\ndefaults: { sync: { auto: true }, drift: { every: 10s } }\napps:\n${names.map(app).join('\n')}\n`;
    work.write({
      'holdfast.yaml': config('chart', 'plain'),
      'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
      'chart/templates/seen.yaml': template,
      'plain/plain.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: plain }\n',
    });
    const first = await work.push('a chart that asks');
    const version = await bench.version();
    await until({ version, deployments: 'true', widgets: 'false' });
    const plain = await server.api.until('plain', 'applied', settledAt(first), within);
    work.write({ 'holdfast.yaml': config('chart', 'plain', 'widgets'), 'widgets/crd.yaml': widgets });
    await work.push('a new API');
    await until({ version, deployments: 'true', widgets: 'true' });
    const chart = await server.api.until('chart', 'rendered for the new API', (one) => one.sync === 'Synced', within);
    expect(chart).toMatchObject({ health: 'Healthy', lastRun: { trigger: 'config', outcome: 'succeeded' } });
    expect((await server.api.app('plain')).lastRun).toEqual(plain.lastRun);
  }, 120_000);
}
