// Looking at stacks: state, ownership, whether somebody else wrote to them, and drift.
import { setTimeout as pause } from 'node:timers/promises';
import { coverageText, driftOwner, readDrift } from '../../core/cloudformation/drift.ts';
import { isMark } from '../../core/cloudformation/ownership.ts';
import { stackType } from '../../core/cloudformation/plan.ts';
import { type StackState, stackState } from '../../core/cloudformation/states.ts';
import { readTemplate } from '../../core/cloudformation/template.ts';
import { maskProperties, noEchoText } from '../../core/cloudformation/values.ts';
import { canonicalJson } from '../../core/json.ts';
import type { FieldChange } from '../../core/plan/model.ts';
import type { DriftItem, Observation, ObserveRequest, Step, TargetContext } from '../../core/plan/target.ts';
import type { StackClient } from './client.ts';
import type { StackView } from './views.ts';
import { healthOf } from './health.ts';
import { nextWait, readToken, type Tokens, writeToken } from './waits.ts';
import { baselineOf, namingOf, owns, type Naming, wantedOf } from './wanted.ts';

/** What observing leaves for preparing. */
export interface StackLive {
  readonly stack?: StackView;
  /** Somebody else's template, parameters or tags are deployed: putting that right needs an ordinary change set. */
  readonly foreignWrite: boolean;
}

export interface Observing {
  readonly client: StackClient;
  /** Results of a drift detection that ended less than this long ago are used again. */
  readonly driftFreshMs: number;
  /** How long one look may stay for a detection to end; the sandbox's end at once. */
  readonly stayMs: number;
  /** Detections that this process started: a look that lost its token goes on with them. */
  readonly started: Map<string, string>;
}

/** Drift that was found this recently is what a run that puts it back acts on. */
const healFreshMs = 300_000;
const stayStepMs = 20;

interface Looked {
  readonly request: ObserveRequest;
  readonly naming: Naming;
  readonly stack: StackView | undefined;
  readonly state: StackState;
}

type Detection =
  | { readonly kind: 'none' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'running'; readonly id: string };

/** Stacks asked for one by one; more of them share one list of the region, where the role may have it. */
const askedSingly = 4;

/** Looks at the stacks of many applications. */
export async function observeStacks(
  observing: Observing,
  requests: readonly ObserveRequest[],
  context: TargetContext,
  token: string | undefined,
): Promise<Step<readonly Observation[]>> {
  const saved = readToken('observe', token);
  const looked = await look(observing.client, requests, context);
  const detections: Record<string, string> = {};
  const ready = new Set<string>();
  for (const one of looked) {
    const detection = await detect(observing, one, saved, context);
    if (detection.kind === 'running') detections[one.naming.stack] = detection.id;
    if (detection.kind === 'ready') ready.add(one.naming.stack);
  }
  if (Object.keys(detections).length > 0) {
    const since = saved?.since ?? context.now();
    const note = `Drift detection of stack ${Object.keys(detections).join(', ')}`;
    // Those that are ready stay ready: their results do not go away.
    for (const stack of ready) detections[stack] = 'ready';
    return {
      status: 'wait',
      afterMs: nextWait(context.now() - since),
      token: writeToken('observe', { since, detections }),
      note,
    };
  }
  const observations: Observation[] = [];
  for (const one of looked)
    observations.push(await observationOf(observing.client, one, ready.has(one.naming.stack), context));
  return { status: 'done', value: observations };
}

async function look(
  client: StackClient,
  requests: readonly ObserveRequest[],
  context: TargetContext,
): Promise<readonly Looked[]> {
  const namings = requests.map((request) => ({ request, naming: namingOf(request, context) }));
  const names = namings.map(({ naming }) => naming.stack);
  const all = names.length > askedSingly ? await client.stacksNamed(names, context.signal) : undefined;
  const looked: Looked[] = [];
  for (const { request, naming } of namings) {
    const stack = all === undefined ? await client.stack(naming.stack, context.signal) : all.get(naming.stack);
    looked.push({ request, naming, stack, state: stackState(stack?.status) });
  }
  return looked;
}

/** Whether only drift can be between the stack and what is wanted: everything wanted was applied by us before. */
function onlyDriftIsPossible({ request, naming, stack }: Looked): boolean {
  const applied = request.appliedDigest !== undefined && request.appliedDigest === request.desiredDigest;
  return applied && stack !== undefined && naming.entry?.uid === stack.id;
}

async function detect(
  observing: Observing,
  one: Looked,
  saved: Tokens['observe'] | undefined,
  context: TargetContext,
): Promise<Detection> {
  const { stack, state, naming } = one;
  if (stack === undefined || !state.drift || !onlyDriftIsPossible(one)) return { kind: 'none' };
  const id = saved?.detections[naming.stack] ?? observing.started.get(stack.id) ?? '';
  if (id === 'ready') return { kind: 'ready' };
  if (id !== '') {
    const status = await outcome(observing, id, context);
    if (status === 'running') return { kind: 'running', id };
    observing.started.delete(stack.id);
    // A detection that failed in part still has the results of the rest; the others come as "not checked".
    if (status !== 'gone') return { kind: 'ready' };
  }
  if (isFresh(observing, one.request, stack, context.now())) return { kind: 'ready' };
  const started = await observing.client.detectDrift(stack.id, context.signal);
  // Somebody else's detection is under way: a later look finds its result, or starts one.
  if (started === undefined) return { kind: 'running', id: '' };
  observing.started.set(stack.id, started);
  if ((await outcome(observing, started, context)) === 'running') return { kind: 'running', id: started };
  observing.started.delete(stack.id);
  return { kind: 'ready' };
}

/** How a detection stands; stays a moment where it is known to end soon. */
async function outcome(
  observing: Observing,
  id: string,
  context: TargetContext,
): Promise<'running' | 'done' | 'failed' | 'gone'> {
  for (let stayed = 0; ; stayed += stayStepMs) {
    const { status } = await observing.client.detection(id, context.signal);
    if (status !== 'running' || stayed >= observing.stayMs) return status;
    await pause(stayStepMs);
  }
}

function isFresh(observing: Observing, request: ObserveRequest, stack: StackView, now: number): boolean {
  const checked = stack.driftCheckedAt ?? 0;
  if (checked <= stack.writtenAt) return false;
  const window = stack.drifted && request.depth === 'apply' ? healFreshMs : observing.driftFreshMs;
  return now - checked < window;
}

async function observationOf(
  client: StackClient,
  one: Looked,
  detected: boolean,
  context: TargetContext,
): Promise<Observation> {
  const { request, naming, stack, state } = one;
  const items: DriftItem[] = [];
  let note: string | undefined;
  let compared = 1;
  const applied = request.appliedDigest !== undefined;
  if (state.phase === 'absent' && applied && naming.entry !== undefined)
    items.push(stackItem(naming.stack, 'missing', []));
  const ours = stack !== undefined && owns(stack, naming, context).kind === 'ours';
  let foreignWrite = false;
  if (stack !== undefined && onlyDriftIsPossible(one) && (state.phase === 'good' || state.phase === 'rolled-back')) {
    const fields = await foreignFields(client, one, stack, context);
    foreignWrite = fields.length > 0;
    if (foreignWrite) items.push(stackItem(naming.stack, 'modified', fields));
  }
  if (detected && stack !== undefined) {
    const drift = readDrift(naming.stack, await client.resourceDrifts(stack.id, context.signal));
    items.push(...drift.items);
    note = coverageText(drift);
    compared = drift.checked;
  }
  const { entry } = naming;
  const settled = state.phase === 'good' || state.phase === 'rolled-back';
  const written = entry?.digest === request.desiredDigest && entry.uid === stack?.id;
  return {
    app: request.app.id,
    inSync: settled && ours && written && applied && items.length === 0,
    health: healthOf(naming.stack, stack, note),
    drift: items,
    compared,
    live: { ...(stack === undefined ? {} : { stack }), foreignWrite } satisfies StackLive,
  };
}

function stackItem(stack: string, kind: DriftItem['kind'], fields: readonly FieldChange[]): DriftItem {
  const subject = { kind: 'resource', stack, logicalId: stack, type: stackType } as const;
  return { subject, kind, owner: kind === 'missing' ? driftOwner : 'another CloudFormation update', fields };
}

/** What somebody else deployed over ours. Drift detection cannot see that: to it their template is the expected state. */
async function foreignFields(
  client: StackClient,
  one: Looked,
  stack: StackView,
  context: TargetContext,
): Promise<readonly FieldChange[]> {
  const { request, naming } = one;
  if (naming.entry?.baseline === baselineOf(stack, context)) return [];
  const wanted = await wantedOf(request, stack, context);
  const owner = 'another CloudFormation update';
  const fields: FieldChange[] = [];
  const text = await client.template(stack.id, context.signal);
  const live = text === undefined ? undefined : readTemplate('live', text).template;
  if (canonicalJson(live) !== canonicalJson(wanted.template)) {
    fields.push({ path: 'Template', before: 'another template', after: wanted.desired.source.file, owner });
  }
  for (const [name, after] of Object.entries(wanted.desired.stack.parameters)) {
    const before = stack.parameters[name];
    if (before === undefined || before === after || before === noEchoText) continue;
    fields.push({ path: `Parameters.${name}`, before, after, owner });
  }
  const marksMayWait = naming.entry?.origin === 'adopted';
  for (const [key, after] of Object.entries(wanted.tags)) {
    const before = stack.tags[key];
    if (before === after || (isMark(key) && marksMayWait)) continue;
    fields.push({ path: `Tags[Key=${key}].Value`, ...(before === undefined ? {} : { before }), after, owner });
  }
  return maskProperties(fields);
}
