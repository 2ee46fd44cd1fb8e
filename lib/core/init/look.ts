// What one YAML or JSON file is, told by its name and its content.
import { parseAllDocuments } from 'yaml';
import { isObject, type JsonObject } from '../json.ts';
import { chartName, kustomizationNames } from '../render/detect.ts';
import { parentPath, resolvePath } from '../source/path.ts';
import type { Seen } from './model.ts';

const readable = /(?:\.(?:ya?ml|json|template)|(?:^|\/)Kustomization)$/;
const skipped = /(?:^|\/)(?:\.[^/]+|node_modules|vendor|cdk\.out|testdata)\//;

/** Whether a file can be anything that is delivered. */
export function worthReading(path: string): boolean {
  return readable.test(path) && !skipped.test(`/${path}`) && path !== 'holdfast.yaml';
}

/** Reads it. Never throws: what cannot be read is `other`. */
export function look(path: string, text: string): Seen {
  const documents = objectsOf(text);
  const [first] = documents ?? [];
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (kustomizationNames.includes(name)) return kustomization(path, first ?? {});
  if (name === chartName) return chart(path, first ?? {});
  if (documents === undefined || first === undefined) return { path, kind: 'other' };
  if (isTemplate(first)) return template(path, first);
  if (typeof first['template-file-path'] === 'string') return deployment(path, first, first['template-file-path']);
  return documents.every(isManifest) ? manifest(path, documents) : { path, kind: 'other' };
}

function objectsOf(text: string): readonly JsonObject[] | undefined {
  // Tags of CloudFormation are unknown here and only warn; the value behind them is enough.
  const documents = parseAllDocuments(text, { logLevel: 'silent', strict: false, uniqueKeys: false, version: '1.1' });
  if (!Array.isArray(documents)) return [];
  const values: JsonObject[] = [];
  for (const document of documents) {
    if (document.errors.length > 0) return undefined;
    const value: unknown = safeJson(() => document.toJS({ maxAliasCount: 100 }));
    if (value === null) continue;
    if (!isObject(value)) return undefined;
    values.push(value);
  }
  return values;
}

function safeJson(make: () => unknown): unknown {
  try {
    return make();
  } catch {
    return undefined;
  }
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];

/** Paths written in a file, from the root of the repository; remote ones and those that leave it are left out. */
function resolved(path: string, written: readonly string[]): readonly string[] {
  return written.filter((one) => !one.includes('://')).flatMap((one) => resolvePath(parentPath(path), one) ?? []);
}

function kustomization(path: string, value: JsonObject): Seen {
  const namespace = value['namespace'];
  return {
    path,
    kind: 'kustomization',
    component: value['kind'] === 'Component',
    uses: resolved(
      path,
      ['resources', 'bases', 'components'].flatMap((key) => texts(value[key])),
    ),
    ...(typeof namespace === 'string' ? { namespace } : {}),
  };
}

function chart(path: string, value: JsonObject): Seen {
  const dependencies = Array.isArray(value['dependencies']) ? value['dependencies'] : [];
  const local = dependencies.flatMap((one) => {
    const repository = isObject(one) ? one['repository'] : undefined;
    return typeof repository === 'string' && repository.startsWith('file://') ? [repository.slice(7)] : [];
  });
  return { path, kind: 'chart', library: value['type'] === 'library', uses: resolved(path, local) };
}

function isTemplate(value: JsonObject): boolean {
  if ('AWSTemplateFormatVersion' in value) return true;
  const resources = value['Resources'];
  if (!isObject(resources)) return false;
  return Object.values(resources).some((one) => isObject(one) && /^(?:AWS|Alexa|Custom)::/.test(typeOf(one)));
}

function typeOf(resource: JsonObject): string {
  const type = resource['Type'];
  return typeof type === 'string' ? type : '';
}

function template(path: string, value: JsonObject): Seen {
  const resources = isObject(value['Resources']) ? Object.values(value['Resources']).filter(isObject) : [];
  const types = resources.map(typeOf);
  const properties = resources.map((one) => (isObject(one['Properties']) ? one['Properties'] : {}));
  const sam = JSON.stringify(value['Transform'] ?? '').includes('AWS::Serverless');
  const named = resources.some(
    (_one, index) =>
      /^AWS::IAM::(?:Role|User|Group|ManagedPolicy)$/.test(types[index] ?? '') &&
      ['RoleName', 'UserName', 'GroupName', 'ManagedPolicyName'].some((key) => key in (properties[index] ?? {})),
  );
  const iam = types.some((type) => /^AWS::IAM::(?!ServiceLinkedRole)/.test(type)) || sam;
  const uses = properties.flatMap((one) => texts([one['TemplateURL'], one['Location']]));
  return {
    path,
    kind: 'template',
    sam,
    capabilities: [
      ...(named ? ['CAPABILITY_NAMED_IAM'] : iam ? ['CAPABILITY_IAM'] : []),
      ...('Transform' in value ? ['CAPABILITY_AUTO_EXPAND'] : []),
    ],
    uses: resolved(path, uses),
  };
}

/** AWS's own file for stacks that follow Git: its path is from the root of the repository. */
function deployment(path: string, value: JsonObject, file: string): Seen {
  const plain = (from: unknown): Readonly<Record<string, string>> =>
    isObject(from)
      ? Object.fromEntries(
          Object.entries(from).map(([key, one]) => [key, typeof one === 'string' ? one : JSON.stringify(one)]),
        )
      : {};
  return {
    path,
    kind: 'deployment',
    template: resolvePath('', file) ?? file,
    parameters: plain(value['parameters']),
    tags: plain(value['tags']),
  };
}

function isManifest(value: JsonObject): boolean {
  return typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string';
}

function manifest(path: string, documents: readonly JsonObject[]): Seen {
  const metas = documents.map((one) => (isObject(one['metadata']) ? one['metadata'] : {}));
  const namespaces = documents.flatMap((one, index) => {
    const name = metas[index]?.['name'];
    return one['kind'] === 'Namespace' && typeof name === 'string' ? [name] : [];
  });
  return { path, kind: 'manifest', namespaces, lacksNamespace: metas.some((meta) => meta['namespace'] === undefined) };
}
