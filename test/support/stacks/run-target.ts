// Drives the CloudFormation target through its steps as the engine does, with everything it needs built from a template.
import { createHash, createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { readTemplate } from '../../../lib/core/cloudformation/template.ts';
import type { Application, StackSpec } from '../../../lib/core/config/model.ts';
import type { Failure } from '../../../lib/core/errors.ts';
import type {
  ActResult,
  Inventory,
  Observation,
  ObserveRequest,
  Prepared,
  Step,
  Target,
  TargetContext,
} from '../../../lib/core/plan/target.ts';
import { emptyInventory } from '../../../lib/core/plan/target.ts';
import type { StackDesired } from '../../../lib/core/render/model.ts';

export const hash = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
export const hmac = (data: string): string => createHmac('sha256', 'key of the tests').update(data).digest('hex');

/** A failed step, thrown so that a test sees it. */
export class StepFailed extends Error {
  override readonly cause: Failure;
  constructor(cause: Failure) {
    super(`${cause.code}: ${cause.message}`);
    this.cause = cause;
  }
}

/** Runs a step to its end: waits as it says (at most 30 ms at a time), and hands its token back. */
export async function finish<T>(
  step: (token: string | undefined) => Promise<Step<T>>,
  notes: string[] = [],
): Promise<T> {
  let token: string | undefined;
  for (let turn = 0; turn < 500; turn += 1) {
    const answer = await step(token);
    if (answer.status === 'done') return answer.value;
    if (answer.status === 'failed') throw new StepFailed(answer.cause);
    token = answer.token;
    if (answer.note !== undefined) notes.push(answer.note);
    await pause(Math.min(answer.afterMs, 30));
  }
  throw new Error('the step did not end');
}

export function application(
  stack: Partial<StackSpec> & { readonly name: string },
  more: Partial<Application> = {},
): Application {
  return {
    id: `root/${stack.name}`,
    name: stack.name,
    alias: 'root',
    path: `${stack.name}.yaml`,
    target: 'demo',
    exclude: [],
    recurse: true,
    helm: { valuesFiles: [], values: {} },
    stack: { parameters: {}, tags: {}, capabilities: [], ...stack },
    dependsOn: [],
    sync: { auto: true, selfHeal: false },
    prune: { enabled: false, confirm: false, adopted: false, kinds: [], budget: { percent: 50, atLeast: 5 } },
    drift: { everyMs: 900_000 },
    conflicts: 'fail',
    adoptFrom: [],
    images: [],
    position: { file: 'holdfast.yaml', line: 1, column: 1 },
    ...more,
  };
}

/** One application on one target, with its stored state between runs. */
export class StackApp {
  readonly target: Target;
  app: Application;
  inventory: Inventory = emptyInventory;
  appliedDigest: string | undefined;
  body = '';
  readonly reports: string[] = [];
  readonly notes: string[] = [];
  installation = 'local';
  guard: () => void = () => undefined;
  now: () => number = Date.now;
  #runs = 0;

  constructor(target: Target, app: Application) {
    this.target = target;
    this.app = app;
  }

  /** What Git wants from now on. */
  want(body: string, stack: Partial<StackSpec> = {}): this {
    this.body = body;
    this.app = { ...this.app, stack: { ...this.app.stack!, ...stack } };
    return this;
  }

  request(depth: ObserveRequest['depth'], more: Partial<ObserveRequest> = {}): ObserveRequest {
    const source = { file: this.app.path };
    const desired = (): StackDesired => ({
      kind: 'stack',
      stack: this.app.stack!,
      source,
      body: this.body,
      template: readTemplate(this.app.path, this.body).template ?? null,
    });
    return {
      app: this.app,
      revision: hash(this.body).slice(0, 40),
      desiredDigest: hash(JSON.stringify([this.body, this.app.stack])),
      desired: async () => desired(),
      inventory: this.inventory,
      ...(this.appliedDigest === undefined ? {} : { appliedDigest: this.appliedDigest }),
      depth,
      pruneHeld: false,
      ...more,
    };
  }

  context(): TargetContext {
    return {
      installation: this.installation,
      runId: `run-${this.#runs}`,
      hash,
      hmac,
      now: () => this.now(),
      signal: new AbortController().signal,
      guard: () => this.guard(),
      saveInventory: async (inventory) => {
        this.inventory = inventory;
      },
      report: (line) => this.reports.push(line),
    };
  }

  async observe(depth: ObserveRequest['depth'] = 'check'): Promise<Observation> {
    const answers = await finish(
      (token) => this.target.observe([this.request(depth)], this.context(), token),
      this.notes,
    );
    return answers[0]!;
  }

  async prepare(more: Partial<ObserveRequest> = {}): Promise<Prepared> {
    this.#runs += 1;
    const observation = await this.observe(more.depth ?? 'apply');
    const request = this.request('apply', more);
    return await finish((token) => this.target.prepare(request, observation, this.context(), token), this.notes);
  }

  async act(prepared: Prepared): Promise<ActResult> {
    const request = this.request('apply');
    // Prepared is stored between calls.
    const stored = JSON.parse(JSON.stringify(prepared)) as Prepared;
    const result = await finish((token) => this.target.act(request, stored, this.context(), token), this.notes);
    this.inventory = result.inventory;
    this.appliedDigest = request.desiredDigest;
    return result;
  }

  /** A whole run: plan, act, follow. */
  async sync(more: Partial<ObserveRequest> = {}): Promise<Prepared> {
    const prepared = await this.prepare(more);
    await this.act(prepared);
    // What is left to clean up goes on after the outcome is known.
    await finish((token) => this.target.follow(this.request('check'), this.context(), token));
    return prepared;
  }
}

/** `action LogicalId field: before -> after` for each change of a plan. */
export function lines(prepared: Prepared): readonly string[] {
  return prepared.plan.changes.flatMap((change) => {
    const name = change.subject.kind === 'resource' ? change.subject.logicalId : change.subject.id.name;
    const fields = change.fields.map(
      (field) =>
        `${change.action} ${name} ${field.path}: ${JSON.stringify(field.before)} -> ${JSON.stringify(field.after)}`,
    );
    return fields.length === 0 ? [`${change.action} ${name}`] : fields;
  });
}
