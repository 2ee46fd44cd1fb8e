// A home: the adapters of one place where Holdfast runs, wired together. The work below it never asks which home it is in.
import type { Application, TargetSpec } from '../core/config/model.ts';
import type { ImageRegistry } from '../core/image/registry.ts';
import type { Hash, Hmac, Json } from '../core/json.ts';
import type { Notifier } from '../core/notify/notifier.ts';
import type { Target } from '../core/plan/target.ts';
import type { Renderer, RendererKind } from '../core/render/model.ts';
import type { GitLimits, GitSource, GitWriter } from '../core/source/git.ts';
import type { Blobs, Queue, Store } from '../core/reconcile/store.ts';

/** Something that happened, for people and scripts that watch. `event` is a stable name; the rest is JSON. */
export interface RunnerEvent {
  readonly event: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** One line for a person, masked. */
  readonly message: string;
  readonly app?: string;
  readonly run?: string;
  readonly data?: Json;
}

/** The followed root repository. */
export interface RootRepository {
  readonly alias: string;
  readonly url: string;
  readonly branch: string;
  readonly source: GitSource;
  /** Absent when nothing may be written back. */
  readonly writer?: GitWriter;
}

/** Finds or makes the target adapter of an application; one per target and kind, kept. */
export interface Targets {
  /** Throws HoldfastError when the target cannot take the application or is not available in this home. */
  get(spec: TargetSpec, app: Application): Promise<Target>;
  close(): Promise<void>;
}

export interface Home {
  readonly installation: string;
  readonly holder: string;
  readonly store: Store;
  readonly queue: Queue;
  readonly blobs: Blobs;
  readonly hash: Hash;
  /** Keyed with the installation's key. */
  readonly hmac: Hmac;
  readonly root: RootRepository;
  readonly gitLimits: GitLimits;
  readonly renderers: Readonly<Record<RendererKind, Renderer>>;
  readonly targets: Targets;
  readonly registry: ImageRegistry;
  /** The log and the feed: never waits, may lose. */
  readonly emit: (event: RunnerEvent) => void;
  /** Run outcomes and drift reports for the outside: accepted, or sent again. */
  readonly notifier: Notifier;
  /** Ids of the applications that depend on this one, from the catalogue in force. */
  readonly dependents: (id: string) => Promise<readonly string[]>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds, never going back. */
  readonly monotonic: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** A new id that sorts by time. */
  readonly newId: () => string;
  readonly settings: {
    /** How long health may take before a run is called unhealthy. */
    readonly followLimitMs: number;
    /** Work per slice; then the row is given back and taken again. */
    readonly sliceMs: number;
    /** Quiet time before image hints are acted on. */
    readonly imageQuietMs: number;
    readonly pollMs: number;
    /** Default of `drift.every`, such as `1h`, for a config that gives none. */
    readonly driftEvery?: string;
  };
}
