// What looks like a secret: by the name it is stored under, or by the form of the value itself.

/** Last words of names that hold a secret; `SECRET_NAME` or `passwordFile` only speak of one. */
const secretEndings = [
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'pass',
  'secret',
  'token',
  'credential',
  'credentials',
  'apikey',
  'api key',
  'private key',
  'secret key',
  'access key',
  'account key',
  'encryption key',
  'signing key',
  'master key',
  'client key',
  'shared key',
  'license key',
  'connection string',
  'auth',
  'authorization',
  'cookie',
  'dsn',
].map((ending) => ` ${ending}`);

/** Words of a name in any of the usual spellings: `DB_PASSWORD`, `dbPassword`, `db-password`, `db.password`. */
function words(name: string): string {
  const spaced = name
    .slice(-200)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2');
  return ` ${spaced
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()
    .replace(/ [0-9]+$/, '')}`;
}

/** Whether what is stored under this name is a secret itself. */
export function isSecretName(name: string): boolean {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const text = words(name);
  const secret =
    secretEndings.some((ending) => text.endsWith(ending)) ||
    /(?:password|passwd|passphrase|secret|token|apikey)[0-9]*$/.test(text);
  if (judged.size < mostJudged && name.length <= 64) judged.set(name, secret);
  return secret;
}

/** The same few hundred names stand in every object. */
const judged = new Map<string, boolean>();
const mostJudged = 5_000;

/** Forms that only secrets have. Each must be found fast in any text: no nested repetition. */
const secretForms: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^-]*(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,255}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,255}/g,
  /\bglpat-[A-Za-z0-9_-]{20,255}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,255}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bsk_live_[A-Za-z0-9]{16,255}/g,
  /\bAGE-SECRET-KEY-1[A-Z0-9]{40,80}/g,
  /\beyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{10,2000}/g,
  /\b(?:Bearer|Basic) [A-Za-z0-9+/=._~-]{8,8000}/g,
  /(?<=:\/\/)[^\s/:@'"]{0,200}:[^\s/@'"]{1,1000}(?=@)/g,
];

/** Whether a text has a part that only a secret looks like: a private key, an access token, credentials in a URL. */
export function hasSecretForm(text: string): boolean {
  return secretForms.some((form) => text.search(form) >= 0);
}

/** The text with such parts replaced. */
export function replaceSecretForms(text: string, replacement: string): string {
  let result = text;
  for (const form of secretForms) result = result.replace(form, () => replacement);
  return result;
}

/** Whether a text only names where a secret is: `${VAR}`, `$(VAR)`, `{{resolve:…}}`, an ARN. */
export function isSecretReference(text: string): boolean {
  return /^(?:\$\{[^{}]{1,200}\}|\$\([^()]{1,200}\)|\{\{[^{}]{1,300}\}\}|arn:aws[a-z-]*:[^\s]{1,2000})$/.test(text);
}

/** `password = …`, `--token=…`, `"apiKey": "…"` somewhere in a text, with a value that is not itself a reference. */
const assignment =
  /(?:pass(?:word|wd|phrase)|secret|token|credentials?|(?:api|private|access|secret|account|signing|encryption)[_-]?key|connection[_-]?string)["']?[ \t]{0,5}[=:][ \t]{0,5}["']?[^\s"',;&$<{]/i;

/** Whether a text gives a value to something that holds a secret by its name: a line of a config file, a command line. */
export function hasSecretAssignment(text: string): boolean {
  return assignment.test(text);
}
