// Every page that is made from the sources: path from the project's root -> content.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configDocs } from './config-docs.ts';
import { errorCodes } from './error-codes.ts';
import { errorsPage } from './error-docs.ts';
import { withImportPicture } from './import-picture.ts';
import { stackPage, withRights } from './stack-docs.ts';

/** All of them, as they should be now. */
export async function generatedDocs(root: string): Promise<Readonly<Record<string, string>>> {
  const architecture = 'docs/architecture.md';
  const security = 'docs/security.md';
  return {
    ...configDocs(),
    'docs/errors.md': errorsPage(errorCodes(root)),
    'docs/stack.md': stackPage(),
    [security]: withRights(readFileSync(join(root, security), 'utf8')),
    [architecture]: await withImportPicture(readFileSync(join(root, architecture), 'utf8'), root),
  };
}
