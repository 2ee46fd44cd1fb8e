// What the sandbox stores: stacks, their resources, change sets, events, drift detections, live resources.
import type { Json, JsonObject } from '../../../core/json.ts';

/** What a stack is deployed from. */
export interface Deployment {
  readonly body: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly roleArn?: string;
}

/** A resource as CloudFormation believes it to be. */
export interface ResourceRecord {
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
  readonly status: string;
  readonly reason?: string;
  readonly at: number;
  /** Properties as last deployed; what drift detection compares with. */
  readonly properties: JsonObject;
  readonly metadata?: Json;
  readonly deletionPolicy?: string;
  readonly dependsOn: readonly string[];
  readonly drift?: { readonly status: string; readonly at: number };
}

export interface OutputRecord {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

export type WorkAction = 'create' | 'update' | 'delete' | 'restore';
export type WorkState = 'pending' | 'started' | 'initiated' | 'done' | 'failed';

/** One resource's part of an operation. */
export interface Work {
  readonly logicalId: string;
  readonly action: WorkAction;
  readonly state: WorkState;
  /** Logical ids of the same phase that must be done before. */
  readonly after: readonly string[];
  /** For deletes: the resource to remove, which may no longer be the stack's current one. */
  readonly resource?: ResourceRecord;
  /** Not finished before this time; for resources that are told to be slow. */
  readonly until?: number;
}

/** A stack operation under way. Everything needed to carry on after a kill at any moment. */
export interface Operation {
  readonly kind: 'create' | 'update' | 'delete';
  readonly phase: 'forward' | 'rollback' | 'cleanup' | 'rollback-cleanup';
  readonly token?: string;
  readonly disableRollback: boolean;
  readonly revertDrift: boolean;
  readonly changeSetId?: string;
  readonly due: number;
  readonly deployment: Deployment;
  readonly work: readonly Work[];
  /** Resources to delete once the outcome is known: removed and replaced ones, or after a rollback the new ones. */
  readonly leftovers: readonly ResourceRecord[];
  /** How to go back. */
  readonly before: {
    readonly deployment: Deployment;
    readonly resources: Readonly<Record<string, ResourceRecord>>;
    readonly outputs: readonly OutputRecord[];
    /** Live properties by logical id, as they were when each was changed. */
    readonly live: Readonly<Record<string, JsonObject>>;
  };
}

export interface StackRecord {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly reason?: string;
  readonly description?: string;
  readonly createdAt: number;
  readonly updatedAt?: number;
  readonly deletedAt?: number;
  readonly changeSetId?: string;
  readonly deployment: Deployment;
  readonly resources: Readonly<Record<string, ResourceRecord>>;
  readonly outputs: readonly OutputRecord[];
  readonly disableRollback: boolean;
  readonly drift?: { readonly status: string; readonly at: number };
  readonly operation?: Operation;
  /** Client request tokens seen -> what they asked for. */
  readonly tokens: Readonly<Record<string, string>>;
}

export interface ChangeSetRecord {
  readonly id: string;
  readonly name: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly type: 'CREATE' | 'UPDATE';
  readonly status: string;
  readonly reason?: string;
  readonly executionStatus: string;
  readonly description?: string;
  readonly clientToken?: string;
  readonly createdAt: number;
  readonly deployment: Deployment;
  readonly revertDrift: boolean;
  readonly changes: readonly JsonObject[];
  readonly stackDriftStatus?: string;
  /** What early validation found. */
  readonly findings: readonly JsonObject[];
  readonly due?: number;
}

export interface EventRecord {
  readonly id: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly at: number;
  readonly status: string;
  readonly reason?: string;
  readonly token?: string;
  readonly properties?: JsonObject;
}

export interface DetectionRecord {
  readonly id: string;
  readonly stackId: string;
  readonly status: 'DETECTION_IN_PROGRESS' | 'DETECTION_COMPLETE' | 'DETECTION_FAILED';
  readonly stackStatus?: string;
  readonly drifted: number;
  readonly at: number;
  readonly due?: number;
  readonly results: readonly JsonObject[];
}

/** What really exists, whatever the stack believes. Keyed by type and physical id. */
export interface LiveResource {
  readonly type: string;
  readonly physicalId: string;
  readonly stackId: string;
  readonly logicalId: string;
  readonly properties: JsonObject;
  readonly tags: Readonly<Record<string, string>>;
}
