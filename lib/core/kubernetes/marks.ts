// The marks on objects: who owns what, written on the object itself. Contracts for ever: never anything that varies by run.
import { type Hash, isObject, type JsonObject } from '../json.ts';
import { idKey, type KubeObject, type ObjectId } from './object.ts';
import { managedEntry } from './managed.ts';

/** Prefix of every label and annotation of ours. */
export const markPrefix = 'holdfast.dev';
export const appLabel = `${markPrefix}/app`;
export const installationLabel = `${markPrefix}/installation`;
export const ownerAnnotation = `${markPrefix}/owner`;
/** Annotation for people: `none` takes the object out of its application's health. */
export const healthAnnotation = `${markPrefix}/health`;

const managerPrefix = 'holdfast:';
const maxLabel = 63;
const maxManager = 128;

/** Who owns an object: an application of an installation. */
export interface Owner {
  readonly installation: string;
  /** Application id, `<alias>/<name>[@<target>]`. */
  readonly application: string;
}

/** What `Owner` writes on objects; made once per application, used for all its objects. */
export interface Marks {
  readonly owner: Owner;
  readonly labels: Readonly<Record<string, string>>;
  /** `installation/application`, the head of the owner annotation. */
  readonly head: string;
  /** Field manager of the application. */
  readonly manager: string;
}

/** Cut to `max` characters; what was cut is told apart by 8 characters of its hash. */
function shorten(text: string, max: number, hash: Hash): string {
  return text.length <= max ? text : `${text.slice(0, max - 9)}-${hash(text).slice(0, 8)}`;
}

/** Label value of an application: its name. `@` is not allowed in labels, and no name has a dot. */
export function appLabelValue(application: string, hash: Hash): string {
  const name = application.slice(application.indexOf('/') + 1).replaceAll('@', '.');
  return shorten(name, maxLabel, hash);
}

/** Field manager of an application, at most 128 characters. */
export function fieldManager(owner: Owner, hash: Hash): string {
  return shorten(`${managerPrefix}${owner.installation}/${owner.application}`, maxManager, hash);
}

/** The marks of one application. */
export function marksOf(owner: Owner, hash: Hash): Marks {
  return {
    owner,
    labels: { [appLabel]: appLabelValue(owner.application, hash), [installationLabel]: owner.installation },
    head: `${owner.installation}/${owner.application}`,
    manager: fieldManager(owner, hash),
  };
}

/** Owner annotation: describes one object, so that a copy of it on another object is recognised. */
export function ownerText(marks: Marks, id: ObjectId): string {
  return `${marks.head}|${idKey(id)}`;
}

/** Label selector of everything of one installation, or of one application of it. */
export function ownerSelector(installation: string, marks?: Marks): string {
  const all = `${installationLabel}=${installation}`;
  return marks === undefined ? all : `${all},${appLabel}=${marks.labels[appLabel] ?? ''}`;
}

/** Whether the selector of an installation selects an object. */
export function isLabelled({ labels }: KubeObject['metadata'], installation: string): boolean {
  return isObject(labels) && labels[installationLabel] === installation;
}

function isMap(value: unknown): boolean {
  return value === undefined || value === null || isObject(value);
}

/** The object with the marks of its application. Pod templates are left alone: a mark there would restart pods. */
export function withMarks(object: KubeObject, id: ObjectId, marks: Marks): KubeObject {
  const { metadata } = object;
  // Labels that are not a map are for the server to refuse, in its own words.
  if (!isMap(metadata.labels) || !isMap(metadata.annotations)) return object;
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...marks.labels },
      annotations: { ...metadata.annotations, [ownerAnnotation]: ownerText(marks, id) },
    },
  };
}

/** Whether a live object is this application's: labels, an annotation that describes this very object, and our manager. */
export function isOurs(live: KubeObject, id: ObjectId, marks: Marks): boolean {
  const { labels, annotations } = live.metadata;
  return (
    labels?.[installationLabel] === marks.owner.installation &&
    labels[appLabel] === marks.labels[appLabel] &&
    annotations?.[ownerAnnotation] === ownerText(marks, id) &&
    managedEntry(live, marks.manager) !== undefined
  );
}

/** Who the owner annotation names, if it describes this very object; undefined for copies and for objects without one. */
export function annotatedOwner(live: KubeObject, id: ObjectId): Owner | undefined {
  const text = live.metadata.annotations?.[ownerAnnotation];
  if (text === undefined || !text.endsWith(`|${idKey(id)}`)) return undefined;
  const head = text.slice(0, text.length - idKey(id).length - 1);
  const slash = head.indexOf('/');
  return slash < 0 ? undefined : { installation: head.slice(0, slash), application: head.slice(slash + 1) };
}

/** Whether a field manager is an application of a Holdfast installation (of this one, when named). */
export function isApplicationManager(manager: string, installation?: string): boolean {
  return manager.startsWith(installation === undefined ? managerPrefix : `${managerPrefix}${installation}/`);
}

/** A tool whose marks are on an object; `name` is what `adopt: {from: …}` takes. */
export interface ForeignMark {
  readonly name: string;
  /** What a person reads: `Argo CD (annotation argocd.argoproj.io/tracking-id)`. */
  readonly text: string;
}

interface MarkRule {
  readonly name: string;
  readonly tool: string;
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
}

// Only marks that the tool itself writes on what it owns. `app.kubernetes.io/managed-by: Helm` alone is in every rendered chart.
const markRules: readonly MarkRule[] = [
  {
    name: 'argocd',
    tool: 'Argo CD',
    labels: ['argocd.argoproj.io/instance'],
    annotations: ['argocd.argoproj.io/tracking-id', 'argocd.argoproj.io/installation-id'],
  },
  {
    name: 'flux',
    tool: 'Flux',
    labels: ['kustomize.toolkit.fluxcd.io/name', 'helm.toolkit.fluxcd.io/name'],
    annotations: ['kustomize.toolkit.fluxcd.io/checksum'],
  },
  { name: 'helm', tool: 'Helm', labels: [], annotations: ['meta.helm.sh/release-name'] },
];

function has(map: JsonObject | undefined, key: string): boolean {
  return map !== undefined && Object.hasOwn(map, key);
}

/** Marks of other tools and of other installations on a live object. Empty = nobody else claims it. */
export function foreignMarks(live: KubeObject, installation: string): readonly ForeignMark[] {
  const { labels, annotations } = live.metadata;
  const found: ForeignMark[] = [];
  for (const rule of markRules) {
    const label = rule.labels.find((name) => has(labels, name));
    const annotation = rule.annotations.find((name) => has(annotations, name));
    if (label !== undefined) found.push({ name: rule.name, text: `${rule.tool} (label ${label})` });
    else if (annotation !== undefined) found.push({ name: rule.name, text: `${rule.tool} (annotation ${annotation})` });
  }
  const other = labels?.[installationLabel];
  if (other !== undefined && other !== installation) {
    found.push({ name: other, text: `the Holdfast installation "${other}"` });
  }
  return found;
}
