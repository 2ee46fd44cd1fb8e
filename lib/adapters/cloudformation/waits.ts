// How long to wait before looking again, and what a waiting step remembers.

/** Milliseconds until the next look: a quarter of the time waited so far, between 200 ms and `longest`. */
export function nextWait(elapsedMs: number, longest = 60_000): number {
  return Math.round(Math.min(longest, Math.max(200, elapsedMs / 4)));
}

/** What each waiting step puts into its token. */
export interface Tokens {
  observe: { readonly since: number; readonly detections: Readonly<Record<string, string>> };
  prepare: {
    readonly since: number;
    readonly stage: 'busy' | 'deleting' | 'change-set';
    readonly changeSetId?: string;
    readonly stackId?: string;
    /** Rises when a change set has to be made anew within one run. */
    readonly attempt: number;
  };
  act: { readonly since: number; readonly token: string };
  follow: { readonly since: number };
}

/** A token's text. */
export function writeToken<S extends keyof Tokens>(step: S, value: Tokens[S]): string {
  return JSON.stringify({ v: 1, step, ...value });
}

/** The token of this step, or undefined: none, one of another step, or one that cannot be read. Then the step looks anew. */
export function readToken<S extends keyof Tokens>(step: S, text: string | undefined): Tokens[S] | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as { readonly v?: number; readonly step?: string } & Tokens[S];
    return value.v === 1 && value.step === step ? value : undefined;
  } catch {
    return undefined;
  }
}
