// The refusals that manifests meet most: names, labels, and the basics of workloads and services. behaviour.md says what is not checked.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isMap, listAt, mapAt, textAt } from '../json.ts';
import type { Cause } from '../api/status.ts';
import { qualifiedName, type Resource } from './resource.ts';

const SUBDOMAIN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

/** How a name is spelled, and the server's words when it is not. */
interface NameRule {
  readonly pattern: RegExp;
  readonly longest: number;
  readonly message: string;
}

const SUBDOMAIN_RULE: NameRule = {
  pattern: new RegExp(`^${SUBDOMAIN}$`),
  longest: 253,
  message: `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`,
};
const LABEL_RULE: NameRule = {
  pattern: new RegExp(`^${LABEL}$`),
  longest: 63,
  message: `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`,
};
const PATH_RULE: NameRule = { pattern: /^(?!\.{1,2}$)[^/%]+$/, longest: 253, message: "may not contain '/' or '%'" };
const LABEL_VALUE = `(${QUALIFIED})?`.replace(
  '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]',
  '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]',
);
const LABEL_VALUE_MESSAGE = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${LABEL_VALUE}')`;
const NAME_PART_MESSAGE = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}')`;

function nameRule(resource: Resource): NameRule {
  if (resource.group === 'rbac.authorization.k8s.io') return PATH_RULE;
  if (qualifiedName(resource) === 'namespaces') return LABEL_RULE;
  if (qualifiedName(resource) === 'services') return LABEL_RULE;
  return SUBDOMAIN_RULE;
}

export function required(field: string, why = ''): Cause {
  return { reason: 'FieldValueRequired', message: why === '' ? 'Required value' : `Required value: ${why}`, field };
}

export function wrong(field: string, value: Json | undefined, why: string): Cause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value ?? null)}: ${why}`, field };
}

/** Everything that is wrong with an object on its own. */
export function validationProblems(resource: Resource, object: JsonObject): Cause[] {
  const spec = mapAt(object, 'spec');
  const problems = metadataProblems(resource, object);
  switch (qualifiedName(resource)) {
    case 'deployments.apps':
    case 'replicasets.apps':
    case 'statefulsets.apps':
    case 'daemonsets.apps':
      return [...problems, ...workloadProblems(spec)];
    case 'jobs.batch':
      return [...problems, ...templateProblems(mapAt(spec, 'template'), 'spec.template', ['OnFailure', 'Never'])];
    case 'cronjobs.batch':
      return [...problems, ...cronJobProblems(spec)];
    case 'pods':
      return [...problems, ...podProblems(spec, 'spec')];
    case 'services':
      return [...problems, ...serviceProblems(spec)];
    case 'customresourcedefinitions.apiextensions.k8s.io':
      return [...problems, ...definitionProblems(object)];
    case 'configmaps':
    case 'secrets':
      return [...problems, ...keyProblems(object)];
    default:
      return problems;
  }
}

function metadataProblems(resource: Resource, object: JsonObject): Cause[] {
  const metadata = mapAt(object, 'metadata');
  const name = textAt(metadata, 'name') ?? '';
  const rule = nameRule(resource);
  const problems: Cause[] = [];
  if (name === '') problems.push(required('metadata.name', 'name or generateName is required'));
  else if (name.length > rule.longest)
    problems.push(wrong('metadata.name', name, `must be no more than ${rule.longest} characters`));
  else if (!rule.pattern.test(name)) problems.push(wrong('metadata.name', name, rule.message));
  problems.push(...labelProblems(mapAt(metadata, 'labels'), 'metadata.labels'));
  for (const key of Object.keys(mapAt(metadata, 'annotations'))) {
    const why = qualifiedProblem(key.toLowerCase(), 'qualified name');
    if (why !== undefined) problems.push(wrong('metadata.annotations', key, why));
  }
  return problems;
}

function labelProblems(labels: JsonObject, field: string): Cause[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const why = qualifiedProblem(key, 'valid label key');
    const text = typeof value === 'string' ? value : '';
    const problems = why === undefined ? [] : [wrong(field, key, why)];
    if (text.length > 63) problems.push(wrong(field, text, 'must be no more than 63 bytes'));
    else if (!new RegExp(`^${LABEL_VALUE}$`).test(text)) problems.push(wrong(field, text, LABEL_VALUE_MESSAGE));
    return problems;
  });
}

function qualifiedProblem(key: string, what: string): string | undefined {
  const parts = key.split('/');
  const name = parts.pop() ?? '';
  const [prefix, ...more] = parts;
  if (more.length > 0)
    return `a ${what} must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
  if (prefix !== undefined && !SUBDOMAIN_RULE.pattern.test(prefix)) return `prefix part ${SUBDOMAIN_RULE.message}`;
  if (name === '') return 'name part must be non-empty';
  if (name.length > 63) return 'name part must be no more than 63 bytes';
  return new RegExp(`^${QUALIFIED}$`).test(name) ? undefined : NAME_PART_MESSAGE;
}

function workloadProblems(spec: JsonObject): Cause[] {
  const problems: Cause[] = [];
  const replicas = spec['replicas'];
  if (typeof replicas === 'number' && replicas < 0)
    problems.push(wrong('spec.replicas', replicas, 'must be greater than or equal to 0'));
  const selector = spec['selector'];
  const labels = mapAt(spec, 'template', 'metadata', 'labels');
  if (!isMap(selector)) problems.push(required('spec.selector'));
  else if (Object.keys(mapAt(selector, 'matchLabels')).length + listAt(selector, 'matchExpressions').length === 0) {
    problems.push(wrong('spec.selector', selector, 'empty selector is invalid for deployment'));
  }
  const matches = Object.entries(mapAt(selector, 'matchLabels')).every(([key, value]) => labels[key] === value);
  if (!isMap(selector) || !matches) {
    problems.push(
      wrong(
        'spec.template.metadata.labels',
        mapAt(spec, 'template', 'metadata')['labels'],
        '`selector` does not match template `labels`',
      ),
    );
  }
  return [...problems, ...templateProblems(mapAt(spec, 'template'), 'spec.template', ['Always'])];
}

function templateProblems(template: JsonObject, field: string, restart: readonly string[]): Cause[] {
  const spec = mapAt(template, 'spec');
  const problems = [
    ...labelProblems(mapAt(template, 'metadata', 'labels'), `${field}.labels`),
    ...podProblems(spec, `${field}.spec`),
  ];
  const policy = textAt(spec, 'restartPolicy') ?? '';
  if (policy === 'Always' && !restart.includes(policy)) {
    const supported = restart.map((value) => JSON.stringify(value)).join(', ');
    return [...problems, required(`${field}.spec.restartPolicy`, `valid values: ${supported}`)];
  }
  if (!restart.includes(policy)) {
    const supported = restart.map((value) => JSON.stringify(value)).join(', ');
    const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: ${supported}`;
    problems.push({ reason: 'FieldValueNotSupported', message, field: `${field}.spec.restartPolicy` });
  }
  return problems;
}

function podProblems(spec: JsonObject, field: string): Cause[] {
  const containers = listAt(spec, 'containers');
  const problems: Cause[] = [];
  if (containers.length === 0) problems.push(required(`${field}.containers`));
  const volumes = new Set(listAt(spec, 'volumes').map((volume) => textAt(volume, 'name')));
  for (const kind of ['initContainers', 'containers']) {
    const names = new Set<string>();
    for (const [index, container] of listAt(spec, kind).entries()) {
      problems.push(...containerProblems(container, `${field}.${kind}[${index}]`, names, volumes));
    }
  }
  return problems;
}

function containerProblems(
  container: Json,
  field: string,
  names: Set<string>,
  volumes: ReadonlySet<string | undefined>,
): Cause[] {
  const problems: Cause[] = [];
  const name = textAt(container, 'name') ?? '';
  if (name === '') problems.push(required(`${field}.name`));
  else if (!LABEL_RULE.pattern.test(name)) problems.push(wrong(`${field}.name`, name, LABEL_RULE.message));
  else if (names.has(name))
    problems.push({
      reason: 'FieldValueDuplicate',
      message: `Duplicate value: ${JSON.stringify(name)}`,
      field: `${field}.name`,
    });
  names.add(name);
  if (!textAt(container, 'image')) problems.push(required(`${field}.image`));
  for (const [index, port] of listAt(container, 'ports').entries()) {
    problems.push(
      ...portProblems(isMap(port) ? port['containerPort'] : undefined, `${field}.ports[${index}].containerPort`),
    );
  }
  for (const [index, mount] of listAt(container, 'volumeMounts').entries()) {
    const volume = textAt(mount, 'name') ?? '';
    if (volumes.has(volume)) continue;
    problems.push({
      reason: 'FieldValueNotFound',
      message: `Not found: ${JSON.stringify(volume)}`,
      field: `${field}.volumeMounts[${index}].name`,
    });
  }
  return problems;
}

function portProblems(port: Json | undefined, field: string): Cause[] {
  if (port === undefined || port === 0) return [required(field)];
  const isPort = typeof port === 'number' && port >= 1 && port <= 65_535;
  return isPort ? [] : [wrong(field, port, 'must be between 1 and 65535, inclusive')];
}

function cronJobProblems(spec: JsonObject): Cause[] {
  const problems: Cause[] = [];
  if (!textAt(spec, 'schedule')) problems.push(required('spec.schedule'));
  const template = mapAt(spec, 'jobTemplate', 'spec', 'template');
  return [...problems, ...templateProblems(template, 'spec.jobTemplate.spec.template', ['OnFailure', 'Never'])];
}

function serviceProblems(spec: JsonObject): Cause[] {
  const ports = listAt(spec, 'ports');
  const isHeadless = spec['clusterIP'] === 'None';
  const problems: Cause[] = [];
  if (ports.length === 0 && !isHeadless && spec['type'] !== 'ExternalName') problems.push(required('spec.ports'));
  for (const [index, port] of ports.entries()) {
    const field = `spec.ports[${index}]`;
    if (ports.length > 1 && !textAt(port, 'name')) problems.push(required(`${field}.name`));
    for (const name of ['port', 'targetPort']) {
      const number = isMap(port) ? port[name] : undefined;
      const isPort = typeof number === 'string' || (typeof number === 'number' && number >= 1 && number <= 65_535);
      if (!isPort) problems.push(wrong(`${field}.${name}`, number, 'must be between 1 and 65535, inclusive'));
    }
  }
  return problems;
}

function definitionProblems(object: JsonObject): Cause[] {
  const spec = mapAt(object, 'spec');
  const expected = `${textAt(spec, 'names', 'plural') ?? ''}.${textAt(spec, 'group') ?? ''}`;
  const problems: Cause[] = [];
  if (textAt(object, 'metadata', 'name') !== expected) {
    problems.push(
      wrong('metadata.name', textAt(object, 'metadata', 'name'), `must be spec.names.plural+"."+spec.group`),
    );
  }
  const versions = listAt(spec, 'versions');
  if (versions.filter((version) => isMap(version) && version['storage'] === true).length !== 1) {
    problems.push(wrong('spec.versions', versions, 'must have exactly one version marked as storage version'));
  }
  for (const [index, version] of versions.entries()) {
    if (!isMap(mapAt(version, 'schema')['openAPIV3Schema'])) {
      problems.push(required(`spec.versions[${index}].schema.openAPIV3Schema`));
    }
  }
  return problems;
}

function keyProblems(object: JsonObject): Cause[] {
  return ['data', 'binaryData'].flatMap((part) =>
    Object.keys(mapAt(object, part))
      .filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key) || key.length > 253)
      .map((key) =>
        wrong(
          `${part}[${key}]`,
          key,
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        ),
      ),
  );
}
