// What the story's applications are made of.

/** The namespace of both applications; the first one declares it. */
export const namespace = 'story';

/** `holdfast.yaml` for these applications on one target. */
export function config(target: string, apps: readonly string[]): string {
  return [
    'version: 1',
    `targets: { cluster: ${target} }`,
    'defaults: { sync: { auto: true, prune: true, selfHeal: true }, drift: { every: 10s } }',
    'apps:',
    ...apps.map((name) => `  - { name: ${name}, path: ${name}, target: cluster, namespace: ${namespace} }`),
    '',
  ].join('\n');
}

function configMap(name: string, key: string, value: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { ${key}: "${value}" }\n`;
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  progressDeadlineSeconds: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: example.com/web:1.0.0
          ports: [{ containerPort: 8080 }]
`;
const service = `apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080 }]
`;
const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.story.example.com }
spec:
  group: story.example.com
  scope: Namespaced
  names: { kind: Widget, plural: widgets, singular: widget }
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: { type: object, properties: { size: { type: integer, minimum: 1 } } }
`;

/** Metadata of a Pod template whose Pods crash, on either cluster. */
export const crashing = 'annotations: { rig/behave: crash, sandbox.holdfast.dev/behave: crash }';

/** The kind that the first application brings. */
export const kindName = 'widgets.story.example.com';

/** Files of the first application; the object of the new kind stands before the kind itself. */
export const shop: Readonly<Record<string, string>> = {
  'shop/a-widget.yaml': 'apiVersion: story.example.com/v1\nkind: Widget\nmetadata: { name: left }\nspec: { size: 3 }\n',
  'shop/flags.yaml': configMap('flags', 'dark', 'off'),
  'shop/kind.yaml': definition,
  'shop/namespace.yaml': `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${namespace} }\n`,
  'shop/service.yaml': service,
  'shop/settings.yaml': configMap('settings', 'greeting', 'hello'),
  'shop/web.yaml': deployment,
};

/** Kind and name of every object of the first application. */
export const shopObjects = [
  ['widget', 'left'],
  ['configmap', 'flags'],
  ['customresourcedefinition', kindName],
  ['namespace', namespace],
  ['service', 'web'],
  ['configmap', 'settings'],
  ['deployment', 'web'],
] as const;

/** How many objects the second application has: enough that its apply takes a while. */
export const manyCount = 120;
const numbers = Array.from({ length: manyCount }, (_, index) => index);

/** Paths of the second application's files, one object each. */
export const manyPaths = numbers.map((number) => `many/${number}.yaml`);

/** Files of the second application. */
export const many: Readonly<Record<string, string>> = Object.fromEntries(
  numbers.map((number) => [`many/${number}.yaml`, configMap(`many-${number}`, 'number', String(number))]),
);
