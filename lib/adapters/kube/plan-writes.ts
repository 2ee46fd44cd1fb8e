// Plans what Git wants: for each object nothing, a create, an update or an adoption, or the reason why it may not be written.
import { asFailure, type Failure } from '../../core/errors.ts';
import { objectChange } from '../../core/kubernetes/change.ts';
import { maskedFailure } from '../../core/kubernetes/failure.ts';
import { type ObjectEntry, settledEntry } from '../../core/kubernetes/inventory.ts';
import { idKey, idText, type KubeObject } from '../../core/kubernetes/object.ts';
import { displayPath, valueAt } from '../../core/kubernetes/field-path.ts';
import { diffFields } from '../../core/plan/diff.ts';
import type { Change, FieldChange } from '../../core/plan/model.ts';
import { isKubeError } from './errors.ts';
import type { WriteStep } from './execution.ts';
import { claimOf, judge, type Judging, objectRefusals } from './judge.ts';
import { declaredResource, type Kinds } from './kinds.ts';
import type { Rights } from './rights.ts';
import { type ApiResource, neverMatches } from './types.ts';
import { isSpent, type Item, type Judgement, type Wanted } from './view.ts';

export interface Planning extends Judging {
  readonly kinds: Kinds;
  readonly rights: Rights;
}

/** What is planned for one object. */
export interface Planned {
  readonly item: Item;
  readonly change?: Change;
  readonly write?: WriteStep;
  /** Entry of an object that needs no write. */
  readonly settled?: ObjectEntry;
  readonly holds: readonly Failure[];
  readonly warnings: readonly string[];
}

function hold(item: Item, failure: Failure): Planned {
  return { item, holds: [failure], warnings: [] };
}

/** Plans one wanted object. */
export async function planWrite(planning: Planning, item: Item, wanted: Wanted): Promise<Planned> {
  const { look } = item;
  const { depth } = planning.view.request;
  switch (look?.state) {
    case undefined:
    case 'unknown':
      return hold(item, look?.failure ?? unknownKind(planning.kinds, item));
    case 'unserved':
      return planUnserved(planning, item, wanted);
    case 'absent':
      if (isSpent(item) && item.entry !== undefined) return { item, settled: item.entry, holds: [], warnings: [] };
      return await planCreate(planning, item, wanted);
    case 'unchanged':
      return { item, holds: [], warnings: [], ...(item.entry === undefined ? {} : { settled: item.entry }) };
    case 'present': {
      if (look.unchanged && depth !== 'full' && item.entry !== undefined) {
        return { item, settled: item.entry, holds: [], warnings: [] };
      }
      const found = planning.kinds.lookup(item.id.group, item.id.kind, item.apiVersion);
      if (found.state !== 'found') return hold(item, unknownKind(planning.kinds, item));
      item.judgement ??= await judge(planning, found.resource, item, wanted);
      return planJudged(planning, item, wanted, item.judgement);
    }
  }
}

function unknownKind(kinds: Kinds, item: Item): Failure {
  const object = idText(item.id);
  const suggestion = kinds.suggest(item.id.group, item.id.kind);
  return {
    code: 'UnknownKind',
    source: 'user',
    message: `${object}: the cluster does not serve ${item.apiVersion ?? item.id.group} ${item.id.kind}`,
    // Another application may bring the CRD.
    retryable: true,
    object,
    next:
      suggestion === undefined
        ? 'Correct apiVersion and kind, or add the CRD that declares the kind'
        : `Did you mean ${suggestion}?`,
  };
}

function planUnserved(planning: Planning, item: Item, wanted: Wanted): Planned {
  const objects = planning.view.opened?.wanted.map(({ placed }) => placed.object) ?? [];
  if (declaredResource(objects, wanted.sent.apiVersion, item.id.kind) === undefined) {
    return hold(item, unknownKind(planning.kinds, item));
  }
  const warning = `${idText(item.id)} was not tried: its kind is declared by a CRD of the same plan`;
  return { ...created(planning, item, wanted), warnings: [warning] };
}

function created(planning: Planning, item: Item, wanted: Wanted): Planned {
  const { view, context } = planning;
  const { object, source } = wanted.placed;
  const change = objectChange(
    {
      target: view.request.app.target,
      id: item.id,
      action: 'create',
      uid: undefined,
      fields: diffFields(undefined, object),
      source,
    },
    context.hmac,
  );
  const write: WriteStep = {
    change: change.id,
    key: item.key,
    action: 'create',
    resourceVersion: neverMatches,
    force: false,
    strip: [],
  };
  return { item, change, write, holds: [], warnings: [] };
}

async function planCreate(planning: Planning, item: Item, wanted: Wanted): Promise<Planned> {
  const plan = created(planning, item, wanted);
  const found = planning.kinds.lookup(item.id.group, item.id.kind, item.apiVersion);
  if (found.state !== 'found') return plan;
  if (bringsNamespace(planning, item)) {
    if (planning.view.request.depth !== 'full') return plan;
    return { ...plan, warnings: [`${idText(item.id)} was not tried: its namespace is made by the same plan`] };
  }
  if (planning.view.request.depth === 'full') return await tryCreate(planning, plan, found.resource, wanted);
  const verb = await planning.rights.denied(found.resource, item.id, ['create', 'patch'], planning.context.now());
  return verb === undefined ? plan : { ...plan, holds: [forbidden(item, verb, found.resource)] };
}

/** Whether the namespace of an object is created by the same plan. */
function bringsNamespace(planning: Planning, item: Item): boolean {
  if (item.id.namespace === '') return false;
  const id = { group: '', kind: 'Namespace', namespace: '', name: item.id.namespace };
  const namespace = planning.view.items.get(idKey(id));
  return namespace?.wanted !== undefined && namespace.look?.state === 'absent';
}

function forbidden(item: Item, verb: string, resource: ApiResource): Failure {
  const object = idText(item.id);
  const group = resource.group === '' ? '' : `.${resource.group}`;
  return {
    code: 'Forbidden',
    source: 'user',
    message: `${object}: this identity may not ${verb} ${resource.plural}${group} in ${item.id.namespace}`,
    retryable: true,
    object,
    next: `Allow the verbs create and patch on ${resource.plural}${group} in that namespace`,
  };
}

async function tryCreate(planning: Planning, plan: Planned, resource: ApiResource, wanted: Wanted): Promise<Planned> {
  const { cluster, context, view } = planning;
  const { item } = plan;
  try {
    const { warnings } = await cluster.request((client) =>
      client.apply(resource, wanted.sent, {
        manager: view.marks.manager,
        dryRun: true,
        resourceVersion: neverMatches,
        signal: context.signal,
      }),
    );
    return { ...plan, warnings: warnings.map((text) => `${idText(item.id)}: ${text}`) };
  } catch (error) {
    if (isKubeError(error, 'NamespaceMissing')) {
      return {
        ...plan,
        warnings: [`${idText(item.id)} was not tried: its namespace ${item.id.namespace} does not exist`],
      };
    }
    if (isKubeError(error, 'Stale', ...objectRefusals)) {
      return { ...plan, holds: [maskedFailure(asFailure(error), wanted.sent)] };
    }
    throw error;
  }
}

function planJudged(planning: Planning, item: Item, wanted: Wanted, judgement: Judgement): Planned {
  const { context, view } = planning;
  if (judgement.kind === 'refused') return hold(item, judgement.failure);
  const { live } = judgement;
  const claimed = claimOf(planning, item, live);
  const adopts = claimed.kind === 'adopt';
  const facts = {
    target: view.request.app.target,
    id: item.id,
    uid: live.metadata.uid,
    source: wanted.placed.source,
  };
  if (judgement.kind === 'immutable') {
    const note = judgement.failure.message;
    const fields = immutableFields(live, wanted.placed.object, judgement.fields);
    const change = objectChange({ ...facts, action: 'replace', fields, note }, context.hmac);
    return { item, change, holds: [judgement.failure], warnings: [] };
  }
  if (judgement.kind === 'same' && !adopts) {
    const known = item.entry?.digest === wanted.digest ? item.entry : undefined;
    // Somebody shares or took a field and left its value: no reason to write what Git has not changed. The entry keeps the
    // baseline of all our paths, so that the server goes on being asked until it fits again.
    if (judgement.ownershipDiffers && known !== undefined) return { item, settled: known, holds: [], warnings: [] };
    if (!judgement.ownershipDiffers) {
      const facts = { id: item.id, live, digest: wanted.digest, marks: view.marks };
      const settled = settledEntry({ ...facts, origin: item.entry?.origin ?? 'created' }, context.hmac);
      return { item, settled, holds: [], warnings: [] };
    }
  }
  const fields = judgement.kind === 'differs' ? judgement.fields : [];
  const note = adopts ? claimed.note : fields.length === 0 ? 'no value changes; only who owns the fields' : undefined;
  const action = adopts ? 'adopt' : 'update';
  const change = objectChange({ ...facts, action, fields, ...(note === undefined ? {} : { note }) }, context.hmac);
  const write: WriteStep = {
    change: change.id,
    key: item.key,
    action,
    resourceVersion: live.metadata.resourceVersion ?? '',
    force: judgement.force,
    strip: judgement.strip,
    ...(live.metadata.uid === undefined ? {} : { uid: live.metadata.uid }),
  };
  return { item, change, write, holds: [], warnings: yielded(item, judgement.strip) };
}

function yielded(item: Item, strip: readonly string[]): readonly string[] {
  return strip.map((path) => `${idText(item.id)}: ${displayPath(path)} is left to its owner`);
}

/** Before and after of the fields that cannot change; the server gives no answer to compare with. */
function immutableFields(live: KubeObject, wanted: KubeObject, paths: readonly string[]): readonly FieldChange[] {
  return paths.map((path): FieldChange => {
    const before = valueAt(live, path);
    const after = valueAt(wanted, path);
    return {
      path: displayPath(path),
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    };
  });
}
