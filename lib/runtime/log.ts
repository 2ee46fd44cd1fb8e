// The log: one line per event, and no secret in it, whoever put one there.
import { isObject, type Json } from '../core/json.ts';
import { isSecretName, replaceSecretForms } from '../core/secrets.ts';
import type { RunnerEvent } from './home.ts';

const MASK = '***';
/** Shorter values are not looked for: replacing `dev` everywhere would hide more than a secret. */
const SHORTEST = 6;

/** Takes secrets out of what is about to be shown. */
export interface Scrubber {
  /** From now on this value is not shown, as it is or in the usual encodings. */
  readonly register: (secret: string) => void;
  readonly text: (text: string) => string;
  /** The same for every text in a JSON value; what stands under the name of a secret is replaced whole. */
  readonly json: (value: Json) => Json;
  readonly event: (event: RunnerEvent) => RunnerEvent;
}

/** Knows registered secrets by value, and access tokens, private keys and credentials in addresses by their form. */
export function createScrubber(): Scrubber {
  const known = new Set<string>();
  let pattern: RegExp | undefined;
  const text = (given: string): string => {
    const scrubbed = pattern === undefined ? given : given.replace(pattern, MASK);
    return replaceSecretForms(scrubbed, MASK);
  };
  const json = (value: Json): Json => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map((item: Json) => json(item));
    if (!isObject(value)) return value;
    const members = Object.entries(value).map(([key, member]) => {
      const hidden = typeof member === 'string' && isSecretName(key);
      return [text(key), hidden ? MASK : member === undefined ? undefined : json(member)];
    });
    return Object.fromEntries(members) as Json;
  };
  return {
    register: (secret) => {
      if (secret.length < SHORTEST) return;
      for (const form of encodings(secret)) known.add(form);
      // The longest first: a secret that holds another one is replaced whole.
      const forms = [...known].sort((a, b) => b.length - a.length);
      pattern = new RegExp(forms.map(literally).join('|'), 'g');
    },
    text,
    json,
    event: (event) => ({
      ...event,
      message: text(event.message),
      ...(event.data === undefined ? {} : { data: json(event.data) }),
    }),
  };
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function encodings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString('base64').replace(/=+$/, '');
  const inJson = JSON.stringify(secret).slice(1, -1);
  return [secret, inJson, encodeURIComponent(secret), base64, bytes.toString('base64url'), bytes.toString('hex')];
}

/** An event as one line of JSON. */
export function jsonLine(event: RunnerEvent): string {
  return `${JSON.stringify(event)}\n`;
}

export interface LogOptions {
  readonly scrubber: Scrubber;
  /** An event as its line, with its end; '' when it is not for this reader. Default: JSON. */
  readonly line?: (event: RunnerEvent) => string;
  readonly write: (line: string) => void;
}

/** Writes events, scrubbed. Never throws: a log that cannot be written is no reason to stop. */
export function createLog({ scrubber, line = jsonLine, write }: LogOptions): (event: RunnerEvent) => void {
  return (event) => {
    try {
      const text = line(scrubber.event(event));
      if (text !== '') write(text);
    } catch {
      // Nothing can be said when saying is what fails.
    }
  };
}
