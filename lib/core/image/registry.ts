// The port to image registries: which tags a repository has.

/** A tag of an image repository. */
export interface ImageTag {
  readonly tag: string;
  /** `sha256:…` of what the tag points to now, when the registry tells. */
  readonly digest?: string;
  /** Milliseconds since the epoch. */
  readonly pushedAt: number;
}

/** Tags by repository. */
export interface ImageRegistry {
  /**
   * All tags of a repository as manifests write it (registry host and name), in no order; none when it does not exist.
   * Throws HoldfastError `RegistryUnreachable`, `RegistryThrottled`, `RegistryForbidden`, `RegistryUnsupported` (its host), and
   * `RegistryRepositoryMissing` where an absent repository is a mistake.
   */
  tags(repository: string): Promise<readonly ImageTag[]>;
}
