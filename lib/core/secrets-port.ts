// The port to where secrets are kept. A value never goes into a log, an error, an event or an environment variable.

export interface Secrets {
  /**
   * The text of a secret, by its name or ARN; kept for a while, `fresh` asks again, e.g. after the other side refused it.
   * Throws HoldfastError `SecretMissing`, `SecretForbidden`, `SecretNotText`, `SecretsUnavailable` (again).
   */
  get(id: string, options?: { readonly fresh?: boolean | undefined }): Promise<string>;
}
