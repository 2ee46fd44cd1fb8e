// `npm run gen`: writes what is made from the sources and kept in the repository. A test fails when it is out of date.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { configDocs } from './config-docs.ts';

for (const [path, content] of Object.entries(configDocs())) {
  const file = join(import.meta.dirname, '..', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
