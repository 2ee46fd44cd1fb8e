// What a change set says: the deployed stack against a new template, property by property.
import { asCall, getAttParts } from '../../../core/cloudformation/intrinsics.ts';
import { isObject, type Json, type JsonObject } from '../../../core/json.ts';
import type { Blueprint, ResourcePlan } from './blueprint.ts';
import { attributeOf, type Place } from './naming.ts';
import { type Difference, differences, same, schemaProblems } from './properties.ts';
import type { LiveResource, ResourceRecord, StackRecord } from './records.ts';
import { isKnownLater, knownLater, resolve, type Scope } from './resolve.ts';
import { coerceAll, typeSpec, type TypeSpec } from './types.ts';
import { shown } from './text.ts';

export interface CompareInput {
  readonly place: Place;
  readonly stack: StackRecord;
  /** Absent for a stack that has never been deployed. */
  readonly before: Blueprint | undefined;
  readonly after: Blueprint;
  readonly afterTags: Readonly<Record<string, string>>;
  readonly revertDrift: boolean;
  readonly live: (resource: ResourceRecord) => LiveResource | undefined;
}

export interface Comparison {
  readonly changes: readonly JsonObject[];
  /** What early validation refuses; not empty means that the change set fails. */
  readonly findings: readonly JsonObject[];
  readonly stackDriftStatus: string;
}

/** Where names lead while a stack is being compared or changed. */
export interface Known {
  readonly physicalId: string;
  readonly spec: TypeSpec;
  readonly properties: JsonObject;
}

/** A scope over resources that are known so far; the others are known after apply. */
export function scopeOver(blueprint: Blueprint, place: Place, known: (logicalId: string) => Known | undefined): Scope {
  return {
    ...blueprint.scope,
    ref: (logicalId) => (blueprint.resources.has(logicalId) ? (known(logicalId)?.physicalId ?? knownLater) : undefined),
    attribute: (logicalId, name) => {
      const type = blueprint.resources.get(logicalId)?.type;
      const spec = type === undefined ? undefined : typeSpec(type);
      if (spec?.attributes[name] === undefined) return undefined;
      const one = known(logicalId);
      if (one === undefined) return knownLater;
      return attributeOf(spec, one.physicalId, name, { place, properties: one.properties });
    },
  };
}

/** The resource's properties with every function evaluated, as the service stores them. */
export function resolvedProperties(plan: ResourcePlan, scope: Scope): JsonObject {
  const value = resolve(plan.properties, scope);
  const spec = typeSpec(plan.type);
  const properties = isObject(value) ? value : {};
  return spec === undefined ? properties : coerceAll(spec, properties);
}

/** Logical ids, each after those it depends on. */
export function inOrder(resources: ReadonlyMap<string, ResourcePlan>): readonly string[] {
  const order: string[] = [];
  const visit = (name: string): void => {
    if (order.includes(name)) return;
    for (const other of resources.get(name)?.dependsOn ?? []) visit(other);
    if (!order.includes(name)) order.push(name);
  };
  for (const name of resources.keys()) visit(name);
  return order;
}

interface Causes {
  readonly before: Blueprint | undefined;
  readonly after: Blueprint;
  readonly changedParameters: readonly string[];
}

/** Which entity of the template caused a property's change. */
function changeSource(logicalId: string, property: string, causes: Causes): JsonObject {
  const now = causes.after.resources.get(logicalId)?.properties[property];
  const was = causes.before?.resources.get(logicalId)?.properties[property];
  if (!same(was, now)) return { ChangeSource: 'DirectModification' };
  const entity = firstReference(now, causes);
  return entity ?? { ChangeSource: 'DirectModification' };
}

function firstReference(value: Json | undefined, causes: Causes): JsonObject | undefined {
  const call = asCall(value);
  if (call?.name === 'Ref' && typeof call.argument === 'string') {
    if (causes.changedParameters.includes(call.argument)) {
      return { ChangeSource: 'ParameterReference', CausingEntity: call.argument };
    }
    if (causes.after.resources.has(call.argument)) {
      return { ChangeSource: 'ResourceReference', CausingEntity: call.argument };
    }
  }
  const attribute = call?.name === 'Fn::GetAtt' ? getAttParts(call.argument) : undefined;
  if (attribute !== undefined) {
    return { ChangeSource: 'ResourceAttribute', CausingEntity: `${attribute.resource}.${attribute.attribute}` };
  }
  if (call?.name === 'Fn::Sub') {
    const text = JSON.stringify(call.argument);
    const name = causes.changedParameters.find((one) => text.includes(`\${${one}}`));
    if (name !== undefined) return { ChangeSource: 'ParameterReference', CausingEntity: name };
  }
  const members = Array.isArray(value) ? (value as readonly Json[]) : isObject(value) ? Object.values(value) : [];
  for (const member of members) {
    const found = firstReference(member, causes);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Hides the values of NoEcho parameters wherever they ended up. */
function masker(blueprints: readonly (Blueprint | undefined)[]): (value: Json) => Json {
  const secrets = blueprints.flatMap((one) => (one?.noEcho ?? []).map((name) => shown(one?.scope.values[name] ?? '')));
  const hidden = secrets.filter((secret) => secret !== '');
  const mask = (value: Json): Json => {
    if (Array.isArray(value)) return value.map((item: Json) => mask(item));
    if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mask(one ?? null)]));
    const text = shown(value);
    return hidden.some((secret) => text === secret || (secret.length > 3 && text.includes(secret))) ? '****' : value;
  };
  return mask;
}

function context(
  properties: JsonObject,
  plan: { metadata?: Json | undefined; deletionPolicy?: string | undefined },
  mask: (value: Json) => Json,
): string {
  return JSON.stringify({
    Properties: mask(properties),
    ...(plan.metadata === undefined ? {} : { Metadata: plan.metadata }),
    ...(plan.deletionPolicy === undefined ? {} : { DeletionPolicy: plan.deletionPolicy }),
  });
}

class Comparer {
  readonly #input: CompareInput;
  readonly #causes: Causes;
  readonly #mask: (value: Json) => Json;
  readonly #settled = new Map<string, Known>();
  readonly changes: JsonObject[] = [];
  readonly findings: JsonObject[] = [];
  drifted = false;

  constructor(input: CompareInput) {
    this.#input = input;
    const { before, after } = input;
    const names = Object.keys(after.scope.values);
    const changedParameters = names.filter((name) => !same(before?.scope.values[name], after.scope.values[name]));
    this.#causes = { before, after, changedParameters };
    this.#mask = masker([before, after]);
  }

  run(): void {
    const { after, stack } = this.#input;
    for (const logicalId of inOrder(after.resources)) {
      const plan = after.resources.get(logicalId);
      if (plan !== undefined) this.#compare(plan, stack.resources[logicalId]);
    }
    for (const [logicalId, resource] of Object.entries(stack.resources)) {
      if (!after.resources.has(logicalId)) this.#remove(resource);
    }
  }

  #compare(plan: ResourcePlan, old: ResourceRecord | undefined): void {
    const { after, place } = this.#input;
    const spec = typeSpec(plan.type);
    if (spec === undefined) return;
    const properties = resolvedProperties(
      plan,
      scopeOver(after, place, (name) => this.#settled.get(name)),
    );
    for (const { path, reason } of schemaProblems(spec, properties)) {
      this.findings.push({
        LogicalResourceId: plan.logicalId,
        ResourceType: plan.type,
        path: `/Resources/${plan.logicalId}${path}`,
        reason,
      });
    }
    const live = old === undefined ? undefined : this.#input.live(old);
    const gone = this.#input.revertDrift && old !== undefined && live === undefined && spec.drift;
    if (gone) this.drifted = true;
    if (old === undefined || old.type !== plan.type || gone) {
      if (old !== undefined && !gone) this.#remove(old);
      this.#push(plan, {
        Action: 'Add',
        AfterContext: context(properties, plan, this.#mask),
        ...(gone ? { ResourceDriftStatus: 'DELETED' } : {}),
      });
      return;
    }
    const replaced = this.#modify({ plan, old, spec, properties, live });
    if (!replaced) this.#settled.set(plan.logicalId, { physicalId: old.physicalId, spec, properties });
  }

  /** Reports a change of an existing resource; true when it will get a new physical id. */
  #modify(one: {
    readonly plan: ResourcePlan;
    readonly old: ResourceRecord;
    readonly spec: TypeSpec;
    readonly properties: JsonObject;
    readonly live: LiveResource | undefined;
  }): boolean {
    const { plan, old, spec, properties, live } = one;
    const details: JsonObject[] = [];
    const names = [...new Set([...Object.keys(old.properties), ...Object.keys(properties)])].sort();
    let drifted = false;
    for (const name of names) {
      const actual = this.#actual(name, old, spec, live);
      drifted ||= actual.drifted;
      const after = properties[name];
      if (actual.drifted && same(actual.value, after) && !same(old.properties[name], after)) {
        const path = `/${name}`;
        details.push(this.#detail(plan, spec, { path, before: actual.value, after }, { sync: true }));
        continue;
      }
      for (const difference of differences(actual.value, after, `/${name}`)) {
        const drift = actual.drifted ? { previous: old.properties[name] } : undefined;
        details.push(this.#detail(plan, spec, difference, drift === undefined ? {} : { drift }));
      }
    }
    if (drifted) this.drifted = true;
    if (!same(old.metadata, plan.metadata)) details.push(attributeDetail('Metadata'));
    if (spec.taggable && !same(this.#input.stack.deployment.tags, this.#input.afterTags))
      details.push(attributeDetail('Tags'));
    if (details.length === 0) return false;
    return this.#pushModify(plan, old, { details, drifted, properties });
  }

  #actual(
    name: string,
    old: ResourceRecord,
    spec: TypeSpec,
    live: LiveResource | undefined,
  ): { value: Json | undefined; drifted: boolean } {
    const deployed = old.properties[name];
    const comparable =
      this.#input.revertDrift && spec.drift && live !== undefined && spec.properties[name]?.writeOnly !== true;
    if (!comparable || same(live.properties[name], deployed)) return { value: deployed, drifted: false };
    return { value: live.properties[name], drifted: true };
  }

  #detail(
    plan: ResourcePlan,
    spec: TypeSpec,
    difference: Difference,
    more: { readonly sync?: boolean; readonly drift?: { readonly previous: Json | undefined } },
  ): JsonObject {
    const name = difference.path.split('/')[1] ?? '';
    const { before, after } = difference;
    const kind =
      more.sync === true ? 'SyncWithActual' : before === undefined ? 'Add' : after === undefined ? 'Remove' : 'Modify';
    const live = more.sync === true || more.drift !== undefined;
    const previous = more.drift?.previous;
    return {
      Target: {
        Attribute: 'Properties',
        Name: name,
        RequiresRecreation: spec.properties[name]?.recreation ?? 'Never',
        Path: `/Properties${difference.path}`,
        ...(before === undefined ? {} : { BeforeValue: shown(this.#mask(before)) }),
        ...(after === undefined ? {} : { AfterValue: shown(this.#mask(after)) }),
        ...(live ? { BeforeValueFrom: 'ACTUAL_STATE' } : {}),
        ...(more.drift === undefined
          ? {}
          : {
              Drift: {
                ...(previous === undefined ? {} : { PreviousValue: shown(this.#mask(previous)) }),
                ...(before === undefined ? {} : { ActualValue: shown(this.#mask(before)) }),
              },
            }),
        AttributeChangeType: kind,
      },
      Evaluation: isKnownLater(after) ? 'Dynamic' : 'Static',
      ...(more.sync === true ? { ChangeSource: 'NoModification' } : changeSource(plan.logicalId, name, this.#causes)),
    };
  }

  #pushModify(
    plan: ResourcePlan,
    old: ResourceRecord,
    change: { readonly details: readonly JsonObject[]; readonly drifted: boolean; readonly properties: JsonObject },
  ): boolean {
    const replacement = replacementOf(change.details);
    const sync = change.details.every((one) => target(one)['AttributeChangeType'] === 'SyncWithActual');
    const retain = plan.deletionPolicy?.startsWith('Retain') === true;
    this.#push(plan, {
      Action: sync ? 'SyncWithActual' : 'Modify',
      PhysicalResourceId: old.physicalId,
      ...(sync ? {} : { Replacement: replacement }),
      ...(replacement === 'False' ? {} : { PolicyAction: retain ? 'ReplaceAndRetain' : 'ReplaceAndDelete' }),
      Scope: [...new Set(change.details.map((one) => shown(target(one)['Attribute'])))].sort(),
      ...(this.#input.revertDrift ? { ResourceDriftStatus: change.drifted ? 'MODIFIED' : 'IN_SYNC' } : {}),
      Details: change.details,
      BeforeContext: context(old.properties, old, this.#mask),
      AfterContext: context(change.properties, plan, this.#mask),
    });
    return replacement === 'True';
  }

  #remove(resource: ResourceRecord): void {
    this.#push(resource, {
      Action: 'Remove',
      PhysicalResourceId: resource.physicalId,
      PolicyAction: resource.deletionPolicy?.startsWith('Retain') === true ? 'Retain' : 'Delete',
      BeforeContext: context(resource.properties, resource, this.#mask),
    });
  }

  #push(resource: { readonly logicalId: string; readonly type: string }, change: JsonObject): void {
    this.changes.push({
      Type: 'Resource',
      ResourceChange: { LogicalResourceId: resource.logicalId, ResourceType: resource.type, ...change },
    });
  }
}

function target(detail: JsonObject): JsonObject {
  return isObject(detail['Target']) ? detail['Target'] : {};
}

function attributeDetail(attribute: string): JsonObject {
  return {
    Target: { Attribute: attribute, RequiresRecreation: 'Never' },
    Evaluation: 'Static',
    ChangeSource: 'DirectModification',
  };
}

/** The strongest replacement that the details ask for. */
function replacementOf(details: readonly JsonObject[]): 'True' | 'Conditional' | 'False' {
  let result: 'True' | 'Conditional' | 'False' = 'False';
  for (const detail of details) {
    if (target(detail)['AttributeChangeType'] === 'SyncWithActual') continue;
    const recreation = target(detail)['RequiresRecreation'];
    if (recreation === 'Always' && detail['Evaluation'] === 'Static') return 'True';
    if (recreation !== 'Never') result = 'Conditional';
  }
  return result;
}

/** Compares a stack with a new template. */
export function compare(input: CompareInput): Comparison {
  const comparer = new Comparer(input);
  comparer.run();
  return {
    changes: comparer.changes,
    findings: comparer.findings,
    stackDriftStatus: comparer.drifted ? 'DRIFTED' : 'IN_SYNC',
  };
}
