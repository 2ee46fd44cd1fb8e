// What is to be asked of CloudFormation for an application: template text, parameters, tags, and why not if it cannot be.
import { checkParameters } from '../../core/cloudformation/check.ts';
import {
  isMark,
  ownershipOf,
  ownerTags,
  type Ownership,
  type StackOwner,
} from '../../core/cloudformation/ownership.ts';
import { templateReferences } from '../../core/cloudformation/references.ts';
import { readTemplate, type TemplateRead, utf8Length } from '../../core/cloudformation/template.ts';
import { problemText } from '../../core/config/model.ts';
import { HoldfastError } from '../../core/errors.ts';
import { canonicalJson, isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { InventoryEntry, ObserveRequest, TargetContext } from '../../core/plan/target.ts';
import type { StackDesired } from '../../core/render/model.ts';
import type { StackView } from './views.ts';

/** CloudFormation's limit for a template sent with the call. */
const maxBodyBytes = 51_200;

/** One application's stack and everything that names it. */
export interface Naming {
  readonly stack: string;
  readonly owner: StackOwner;
  readonly entry: InventoryEntry | undefined;
  /** Id of the application under its former name, when it was renamed. */
  readonly former?: string;
}

/** Names of an application's stack. Throws for an application that has none. */
export function namingOf(request: ObserveRequest, context: TargetContext): Naming {
  const { app, inventory } = request;
  if (app.stack === undefined) {
    throw new HoldfastError({
      code: 'TargetCannotTake',
      source: 'user',
      message: `Application ${app.name} names no stack`,
      object: app.name,
    });
  }
  const stack = app.stack.name;
  const owner = { installation: context.installation, application: app.id, stack };
  const entry = inventory.entries.find((one) => 'stack' in one.id && one.id.stack === stack);
  return { stack, owner, entry, ...(app.movedFrom === undefined ? {} : { former: `${app.alias}/${app.movedFrom}` }) };
}

/** The inventory with this stack's entry, beside whatever else is in it. */
export function withEntry(
  request: ObserveRequest,
  entry: InventoryEntry & { readonly id: { readonly stack: string } },
): ObserveRequest['inventory'] {
  const others = request.inventory.entries.filter((one) => !('stack' in one.id && one.id.stack === entry.id.stack));
  return { v: 1, entries: [...others, entry] };
}

/** Identity of what was last written to a stack: anything written by somebody else gives another one. */
export function baselineOf(stack: StackView, context: TargetContext): string {
  return context.hmac(canonicalJson(['stack', stack.id, stack.writtenAt]));
}

/** Whose the stack is; one of our own former name is ours, its next update writes the new one; one that the store knows as ours stays ours when its tags are missing or taken off. */
export function owns(stack: StackView, naming: Naming, context: TargetContext): Ownership {
  const byTags = ownershipOf(stack.tags, naming.owner, context.hash);
  if (byTags.kind === 'other' && byTags.name === naming.former) return { kind: 'ours' };
  const inStore = naming.entry?.uid === stack.id;
  return byTags.kind === 'nobody' && inStore ? { kind: 'ours' } : byTags;
}

export interface Wanted {
  readonly desired: StackDesired;
  readonly read: TemplateRead;
  readonly template: JsonObject;
  readonly body: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Digest of everything that is sent, so that equal requests get equal names. */
  readonly digest: string;
}

function refuse(code: string, message: string, object: string, next?: string): HoldfastError {
  return new HoldfastError({ code, source: 'user', message, object, ...(next === undefined ? {} : { next }) });
}

/** The template text to send: as written, or without white space when it is too long as written. */
function bodyOf(desired: StackDesired, template: JsonObject): string {
  if (utf8Length(desired.body) <= maxBodyBytes) return desired.body;
  const compact = JSON.stringify(template);
  if (utf8Length(compact) <= maxBodyBytes) return compact;
  throw refuse(
    'StackTemplateTooLarge',
    `The template has more than ${maxBodyBytes} bytes, which CloudFormation takes only from a bucket; this version sends templates directly`,
    desired.source.file,
    'Split the template into two applications with dependsOn',
  );
}

function tagsOf(
  desired: StackDesired,
  live: StackView | undefined,
  naming: Naming,
  context: TargetContext,
): Readonly<Record<string, string>> {
  const marks = ownerTags(naming.owner, context.hash);
  const made = live === undefined || naming.entry?.origin === 'created';
  // Tags of a stack that somebody else made are theirs; on our own stack Git alone decides.
  const theirs = made ? {} : Object.fromEntries(Object.entries(live.tags).filter(([key]) => !isMark(key)));
  return { ...theirs, ...desired.stack.tags, ...marks };
}

/** Everything to ask for. Throws HoldfastError when it cannot be asked. */
export async function wantedOf(
  request: ObserveRequest,
  live: StackView | undefined,
  context: TargetContext,
): Promise<Wanted> {
  const naming = namingOf(request, context);
  const desired = await request.desired();
  if (desired.kind !== 'stack')
    throw refuse('TargetCannotTake', `Application ${request.app.name} is not a template`, request.app.name);
  const { file } = desired.source;
  const read = readTemplate(file, desired.body);
  const template = read.template;
  const problem = read.problems[0];
  if (template === undefined || problem !== undefined) {
    throw refuse('TemplateInvalid', problem === undefined ? 'The template cannot be read' : problemText(problem), file);
  }
  const local = templateReferences(template).find((reference) => reference.local);
  if (local !== undefined) {
    const { line, column } = read.positionOf(local.path);
    throw refuse(
      'StackLocalFile',
      `${file}:${line}:${column} names the local file "${local.location}", which would have to be uploaded to a bucket first; this version does not do that`,
      file,
      'Name an https:// address of a bucket, or make the nested template an application of its own',
    );
  }
  const parameters = checkParameters(template, desired.stack.parameters, request.app.position)[0];
  if (parameters !== undefined) throw refuse(parameters.code, problemText(parameters), request.app.name);
  const body = bodyOf(desired, template);
  const tags = tagsOf(desired, live, naming, context);
  const { capabilities, roleArn, parameters: given } = desired.stack;
  const parts: Json = [body, given, tags, [...capabilities], roleArn ?? ''];
  return { desired, read, template, body, tags, digest: context.hmac(canonicalJson(parts)) };
}

/** Number of resources in a template. */
export function resourceCount(template: JsonObject): number {
  return isObject(template['Resources']) ? Object.keys(template['Resources']).length : 0;
}
