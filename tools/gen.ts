// `npm run gen`: writes what is made from the sources and kept in the repository. A test fails when it is out of date.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedDocs } from './docs.ts';

const root = join(import.meta.dirname, '..');

for (const [path, content] of Object.entries(await generatedDocs(root))) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
