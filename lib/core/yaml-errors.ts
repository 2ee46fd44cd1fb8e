// Syntax errors of YAML in words that say what to look for; the parser's own words are those of the specification.

/** What the parser tells of an error. */
export interface YamlError {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

/** Code of the parser -> what usually caused it. */
const causes: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'a value with ": " in it needs quotes, and a line below it may be indented too far',
  MULTILINE_IMPLICIT_KEY: 'a line without a key: a colon and a space are missing here or above',
  BAD_INDENT: 'check the indentation here and above',
  TAB_AS_INDENT: 'use spaces',
  BAD_SCALAR_START: 'put the value in quotes',
  UNEXPECTED_TOKEN: 'check quotes and indentation here and above',
};

const byMessage: Readonly<Record<string, string>> = {
  'Sequence item without - indicator': 'check the indentation: it is neither that of the list nor that of its items',
};

/** One line: what the parser says, and what usually caused it. */
export function yamlErrorText(error: YamlError, text: string): string {
  const line = text.slice(error.pos[0], error.pos[0] + 8);
  if (/^(?:<{7}|={7}|>{7})(?:\s|$)/.test(line)) return 'A conflict marker of Git: the merge was not finished';
  const message = error.message.split('\n')[0] ?? 'not valid YAML';
  const cause = byMessage[message] ?? causes[error.code];
  return cause === undefined ? message : `${message}; ${cause}`;
}
