// Whose is an object that exists: ours, free to be adopted, or somebody else's.
import type { Failure } from '../errors.ts';
import type { InventoryEntry } from '../plan/target.ts';
import { annotatedOwner, foreignMarks, isOurs, type Marks } from './marks.ts';
import { idText, type KubeObject, type ObjectId } from './object.ts';

export type Claim =
  | { readonly kind: 'ours' }
  /** `from`: whose marks are taken over, when there are any. */
  | { readonly kind: 'adopt'; readonly from: readonly string[]; readonly note: string }
  | { readonly kind: 'refused'; readonly failure: Failure };

export interface ClaimOptions {
  readonly marks: Marks;
  /** Our record of the object, if any. */
  readonly entry: InventoryEntry | undefined;
  /** Tools and installations whose marks may be taken over. */
  readonly adoptFrom: readonly string[];
  /** Id of the application under its former name, when it was renamed. */
  readonly movedFrom?: string;
}

function ownedByApplication(id: ObjectId, application: string): Failure {
  return {
    code: 'OwnedByApplication',
    source: 'user',
    message: `${idText(id)} belongs to the application ${application}`,
    retryable: true,
    object: idText(id),
    next: `Remove it from ${application} first; it is handed over without being deleted`,
  };
}

function ownedByTool(id: ObjectId, text: string, name: string): Failure {
  return {
    code: 'ForeignOwner',
    source: 'user',
    message: `${idText(id)} carries the marks of ${text}`,
    retryable: false,
    object: idText(id),
    next: `Take it out of that tool first, or write adopt: {from: ${name}} in the application`,
  };
}

/** Decides whose a live object is, from its marks and our record of it. */
export function claim(live: KubeObject, id: ObjectId, options: ClaimOptions): Claim {
  const { marks, entry } = options;
  if (isOurs(live, id, marks)) return { kind: 'ours' };
  const { installation, application } = marks.owner;
  const owner = annotatedOwner(live, id);
  if (owner?.installation === installation && owner.application !== application) {
    if (owner.application !== options.movedFrom) {
      return { kind: 'refused', failure: ownedByApplication(id, owner.application) };
    }
    return { kind: 'adopt', from: [], note: `taken over from its former name ${owner.application}` };
  }
  const foreign = foreignMarks(live, installation);
  const refused = foreign.find(({ name }) => !options.adoptFrom.includes(name));
  if (refused !== undefined) return { kind: 'refused', failure: ownedByTool(id, refused.text, refused.name) };
  // Somebody took our marks off an object that we made: drift, not somebody else's object.
  if (entry?.uid !== undefined && entry.uid === live.metadata.uid) return { kind: 'ours' };
  const from = foreign.map(({ name }) => name);
  const note = from.length === 0 ? 'exists without an owner' : `taken over from ${from.join(', ')}`;
  return { kind: 'adopt', from, note };
}

const managersByTool: Readonly<Record<string, readonly string[]>> = {
  argocd: ['argocd-controller', 'argocd-application-controller'],
  flux: ['kustomize-controller', 'helm-controller'],
  helm: ['helm'],
};

/** Whether a field manager hands its fields over in an adoption: people's tools always do, other tools when `from` names them. */
export function isAdoptedManager(manager: string, from: readonly string[]): boolean {
  if (manager.startsWith('kubectl') || manager === 'before-first-apply') return true;
  if (from.some((name) => managersByTool[name]?.includes(manager) === true)) return true;
  return from.some((name) => manager.startsWith(`holdfast:${name}/`));
}
