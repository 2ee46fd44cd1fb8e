// CloudFormation through the AWS SDK: the few calls the target makes, counted, with pages followed and errors named.
import {
  type Capability,
  CloudFormationClient,
  type CloudFormationClientConfig,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeEventsCommand,
  DescribeStackDriftDetectionStatusCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceDriftsCommand,
  DescribeStacksCommand,
  DetectStackDriftCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  ListChangeSetsCommand,
} from '@aws-sdk/client-cloudformation';
import type { ResourceChangeView } from '../../core/cloudformation/change-set.ts';
import type { ResourceDriftView } from '../../core/cloudformation/drift.ts';
import type { StackEventView } from '../../core/cloudformation/events.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { RequestCounts } from '../../core/plan/target.ts';
import { callError, errorName, isMissing } from './errors.ts';
import {
  type ChangeSetRef,
  type ChangeSetView,
  type CreateChangeSetRequest,
  type StackView,
  stackView,
  type ValidationFinding,
} from './views.ts';

export interface StackClientOptions {
  readonly region: string;
  /** Another endpoint than the region's: emulators, and the sandbox. */
  readonly endpoint?: string;
  /** Static credentials, or a function that gets them; the SDK's default chain when absent. */
  readonly credentials?: CloudFormationClientConfig['credentials'];
  /** Called for each request with the name of its call. */
  readonly onRequest?: (call: string) => void;
}

type Signal = globalThis.AbortSignal;

/** A list member, left out when the list is empty. */
function orNone<K extends string, T>(name: K, list: T[]): { readonly [key in K]?: T[] } {
  return (list.length === 0 ? {} : { [name]: list }) as { readonly [key in K]?: T[] };
}

/** Stacks asked for at the same time where there is no list. */
const asksAtOnce = 5;

/** Every call about a change set names the stack too: a role that may touch only some stacks is refused otherwise. */
function inputOf({ stack, id }: ChangeSetRef): { readonly StackName: string; readonly ChangeSetName: string } {
  return { StackName: stack, ChangeSetName: id };
}

/** Calls CloudFormation in one region with one set of credentials. Throws HoldfastError only. */
export class StackClient {
  readonly #client: CloudFormationClient;
  readonly #counts = new Map<string, number>();
  readonly #onRequest: (call: string) => void;
  #mayList = true;

  constructor(options: StackClientOptions) {
    this.#onRequest = options.onRequest ?? (() => undefined);
    this.#client = new CloudFormationClient({
      region: options.region,
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
      // One limiter for all stacks of this account and region: it slows down when the service says so.
      retryMode: 'adaptive',
      maxAttempts: 5,
    });
  }

  /** Account of the credentials in use, when they say it. */
  async account(): Promise<string | undefined> {
    const credentials = await this.#client.config.credentials();
    return credentials.accountId;
  }

  /** Requests by call. */
  requests(): RequestCounts {
    return Object.fromEntries(this.#counts);
  }

  close(): void {
    this.#client.destroy();
  }

  async #call<T>(call: string, object: string, send: () => Promise<T>): Promise<T> {
    this.#counts.set(call, (this.#counts.get(call) ?? 0) + 1);
    this.#onRequest(call);
    try {
      return await send();
    } catch (error) {
      throw callError(error, { call, object });
    }
  }

  /** The stack of that name or id, or undefined when there is none. */
  async stack(name: string, signal: Signal): Promise<StackView | undefined> {
    const answer = await this.#orMissing('DescribeStacks', `stack ${name}`, () =>
      this.#client.send(new DescribeStacksCommand({ StackName: name }), { abortSignal: signal }),
    );
    const stack = answer?.Stacks?.[0];
    return stack === undefined ? undefined : stackView(stack);
  }

  /** The stacks of these names, by name: with one list of the region if the credentials may have it, else one by one. */
  async stacksNamed(names: readonly string[], signal: Signal): Promise<ReadonlyMap<string, StackView>> {
    if (this.#mayList) {
      try {
        return await this.#stacks(signal);
      } catch (error) {
        if (!(error instanceof HoldfastError) || error.code !== 'StackForbidden') throw error;
        // A role for some stacks only: it will not be asked for the list again.
        this.#mayList = false;
      }
    }
    const found = new Map<string, StackView>();
    for (let at = 0; at < names.length; at += asksAtOnce) {
      const some = names.slice(at, at + asksAtOnce);
      for (const stack of await Promise.all(some.map(async (name) => await this.stack(name, signal))))
        if (stack !== undefined) found.set(stack.name, stack);
    }
    return found;
  }

  async #stacks(signal: Signal): Promise<ReadonlyMap<string, StackView>> {
    const found = new Map<string, StackView>();
    let token: string | undefined;
    do {
      const answer = await this.#call('DescribeStacks', 'all stacks', () =>
        this.#client.send(new DescribeStacksCommand({ NextToken: token }), { abortSignal: signal }),
      );
      for (const stack of answer.Stacks ?? []) found.set(stack.StackName ?? '', stackView(stack));
      token = answer.NextToken;
    } while (token !== undefined);
    return found;
  }

  async #orMissing<T>(call: string, object: string, send: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#call(call, object, send);
    } catch (error) {
      if (error instanceof HoldfastError && isMissing(error.cause)) return undefined;
      throw error;
    }
  }

  /** Makes a change set; doing it again with the same request gives the same one. */
  async createChangeSet(
    request: CreateChangeSetRequest,
    signal: Signal,
  ): Promise<{ readonly id: string; readonly stackId: string }> {
    const command = new CreateChangeSetCommand({
      StackName: request.stack,
      ChangeSetName: request.name,
      ChangeSetType: request.type,
      TemplateBody: request.body,
      ...orNone(
        'Parameters',
        Object.entries(request.parameters).map(([key, value]) => ({ ParameterKey: key, ParameterValue: value })),
      ),
      Tags: Object.entries(request.tags).map(([Key, Value]) => ({ Key, Value })),
      ...orNone('Capabilities', request.capabilities as Capability[]),
      ...(request.roleArn === undefined ? {} : { RoleARN: request.roleArn }),
      ...(request.revertDrift ? { DeploymentMode: 'REVERT_DRIFT' } : {}),
      ClientToken: request.name,
      Description: request.description,
    });
    const answer = await this.#call('CreateChangeSet', `stack ${request.stack}`, () =>
      this.#client.send(command, { abortSignal: signal }),
    );
    return { id: answer.Id ?? '', stackId: answer.StackId ?? '' };
  }

  /** The ids of a change set and its stack; undefined when there is none. */
  async changeSetIds(
    changeSet: ChangeSetRef,
    signal: Signal,
  ): Promise<{ readonly id: string; readonly stackId: string } | undefined> {
    const answer = await this.#orMissing('DescribeChangeSet', `change set ${changeSet.id}`, () =>
      this.#client.send(new DescribeChangeSetCommand(inputOf(changeSet)), { abortSignal: signal }),
    );
    if (answer?.ChangeSetId === undefined) return undefined;
    return { id: answer.ChangeSetId, stackId: answer.StackId ?? '' };
  }

  /** A change set with all its entries once it is finished; undefined when it is gone. */
  async changeSet(ref: ChangeSetRef, signal: Signal): Promise<ChangeSetView | undefined> {
    const input = { ...inputOf(ref), IncludePropertyValues: true };
    const entries: ResourceChangeView[] = [];
    let token: string | undefined;
    for (;;) {
      const answer = await this.#orMissing('DescribeChangeSet', `change set ${ref.id}`, () =>
        this.#client.send(new DescribeChangeSetCommand({ ...input, NextToken: token }), { abortSignal: signal }),
      );
      if (answer === undefined) return undefined;
      for (const change of answer.Changes ?? [])
        if (change.ResourceChange !== undefined) entries.push(change.ResourceChange);
      token = answer.NextToken;
      if (token !== undefined) continue;
      const { Status = '', StatusReason, ExecutionStatus = '' } = answer;
      return {
        ...ref,
        status: Status,
        ...(StatusReason === undefined ? {} : { reason: StatusReason }),
        executionStatus: ExecutionStatus,
        entries,
      };
    }
  }

  /** What early validation found for a change set; empty when it found nothing or may not be asked. */
  async findings(changeSet: ChangeSetRef, signal: Signal): Promise<readonly ValidationFinding[]> {
    const command = new DescribeEventsCommand({ ...inputOf(changeSet), Filters: { FailedEvents: true } });
    try {
      const answer = await this.#call('DescribeEvents', `change set ${changeSet.id}`, () =>
        this.#client.send(command, { abortSignal: signal }),
      );
      return (answer.OperationEvents ?? []).flatMap((event) => {
        const reason = event.ValidationStatusReason ?? event.ResourceStatusReason;
        if (reason === undefined) return [];
        return [{ path: event.ValidationPath ?? event.LogicalResourceId ?? '', reason }];
      });
    } catch (error) {
      // The details are a comfort: without the right to read them the refusal itself still stands.
      if (error instanceof HoldfastError && !error.retryable) return [];
      throw error;
    }
  }

  /** Starts a change set. `started`, or why not: the name of the service's error. */
  async execute(
    changeSet: ChangeSetRef,
    token: string,
    signal: Signal,
  ): Promise<
    { readonly kind: 'started' } | { readonly kind: 'refused'; readonly error: HoldfastError; readonly name: string }
  > {
    const command = new ExecuteChangeSetCommand({
      ...inputOf(changeSet),
      ClientRequestToken: token,
      DisableRollback: false,
    });
    try {
      await this.#call('ExecuteChangeSet', `change set ${changeSet.id}`, () =>
        this.#client.send(command, { abortSignal: signal }),
      );
      return { kind: 'started' };
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'StackRefused') throw error;
      return { kind: 'refused', error, name: errorName(error.cause) };
    }
  }

  /** Deletes a change set; one that is gone already is fine. */
  async deleteChangeSet(changeSet: ChangeSetRef, signal: Signal): Promise<void> {
    await this.#orMissing('DeleteChangeSet', `change set ${changeSet.id}`, () =>
      this.#client.send(new DeleteChangeSetCommand(inputOf(changeSet)), { abortSignal: signal }),
    );
  }

  /** Whether a stack has change sets. */
  async hasChangeSets(stackId: string, signal: Signal): Promise<boolean> {
    const answer = await this.#orMissing('ListChangeSets', `stack ${stackId}`, () =>
      this.#client.send(new ListChangeSetsCommand({ StackName: stackId }), { abortSignal: signal }),
    );
    return (answer?.Summaries ?? []).length > 0;
  }

  async deleteStack(id: string, token: string, signal: Signal): Promise<void> {
    const command = new DeleteStackCommand({ StackName: id, ClientRequestToken: token });
    await this.#orMissing('DeleteStack', `stack ${id}`, () => this.#client.send(command, { abortSignal: signal }));
  }

  /** Events newest first, back to the first one of the operation with this token, and 1,000 at most. */
  async events(stackId: string, token: string | undefined, signal: Signal): Promise<readonly StackEventView[]> {
    const events: StackEventView[] = [];
    let next: string | undefined;
    for (let page = 0; page < 10; page += 1) {
      const answer = await this.#call('DescribeStackEvents', `stack ${stackId}`, () =>
        this.#client.send(new DescribeStackEventsCommand({ StackName: stackId, NextToken: next }), {
          abortSignal: signal,
        }),
      );
      const found = answer.StackEvents ?? [];
      events.push(...found);
      next = answer.NextToken;
      const older =
        token !== undefined &&
        found.at(-1)?.ClientRequestToken !== token &&
        events.some((one) => one.ClientRequestToken === token);
      if (next === undefined || older) break;
    }
    return events;
  }

  /** The text of the template a stack was last deployed from. */
  async template(stackId: string, signal: Signal): Promise<string | undefined> {
    const answer = await this.#orMissing('GetTemplate', `stack ${stackId}`, () =>
      this.#client.send(new GetTemplateCommand({ StackName: stackId, TemplateStage: 'Original' }), {
        abortSignal: signal,
      }),
    );
    return answer?.TemplateBody;
  }

  /** Starts drift detection; undefined when one is under way already. */
  async detectDrift(stackId: string, signal: Signal): Promise<string | undefined> {
    try {
      const answer = await this.#call('DetectStackDrift', `stack ${stackId}`, () =>
        this.#client.send(new DetectStackDriftCommand({ StackName: stackId }), { abortSignal: signal }),
      );
      return answer.StackDriftDetectionId;
    } catch (error) {
      if (error instanceof HoldfastError && /already (?:in progress|running)/i.test(error.reason ?? ''))
        return undefined;
      throw error;
    }
  }

  /** Whether a detection has ended, and why if it failed. */
  async detection(
    id: string,
    signal: Signal,
  ): Promise<{ readonly status: 'running' | 'done' | 'failed' | 'gone'; readonly reason?: string }> {
    const answer = await this.#orMissing('DescribeStackDriftDetectionStatus', `drift detection ${id}`, () =>
      this.#client.send(new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId: id }), {
        abortSignal: signal,
      }),
    );
    if (answer === undefined) return { status: 'gone' };
    if (answer.DetectionStatus === 'DETECTION_COMPLETE') return { status: 'done' };
    if (answer.DetectionStatus !== 'DETECTION_FAILED') return { status: 'running' };
    return { status: 'failed', reason: answer.DetectionStatusReason ?? 'no reason given' };
  }

  /** What the newest drift detection found, resource by resource. */
  async resourceDrifts(stackId: string, signal: Signal): Promise<readonly ResourceDriftView[]> {
    const drifts: ResourceDriftView[] = [];
    let token: string | undefined;
    do {
      const answer = await this.#call('DescribeStackResourceDrifts', `stack ${stackId}`, () =>
        this.#client.send(
          new DescribeStackResourceDriftsCommand({ StackName: stackId, MaxResults: 100, NextToken: token }),
          {
            abortSignal: signal,
          },
        ),
      );
      drifts.push(...(answer.StackResourceDrifts ?? []));
      token = answer.NextToken;
    } while (token !== undefined);
    return drifts;
  }
}
