// Follows a CloudFormation template: the nested templates, includes and code that it names by a local path.
import { templateReferences } from '../cloudformation/references.ts';
import { readTemplate } from '../cloudformation/template.ts';
import { parentPath, resolvePath, shown } from '../source/path.ts';
import type { Inputs } from './inputs-context.ts';

/** Follows a template and the templates nested in it. */
export async function followTemplate(path: string, inputs: Inputs): Promise<void> {
  await followFile(path, inputs, new Set());
}

async function followFile(path: string, inputs: Inputs, done: Set<string>): Promise<void> {
  if (done.has(path)) return;
  done.add(path);
  const node = await inputs.look(path);
  if (node?.kind === 'directory') {
    inputs.problem({ file: path }, 'TemplatePath', 'a stack needs a template file; this is a directory');
    return;
  }
  const text = await inputs.text(path);
  if (text === undefined) return;
  const read = readTemplate(path, text);
  // What is wrong in the template is said when it is rendered; here only the files it names count.
  if (read.template === undefined) return;
  for (const reference of templateReferences(read.template)) {
    if (!reference.local) continue;
    const target = resolvePath(parentPath(path), reference.location);
    const place = { ...read.positionOf(reference.path), code: 'TemplatePath' };
    if (target === undefined) {
      inputs.problems.push({
        ...place,
        message: `"${shown(reference.location)}" is absolute or leads out of the repository`,
      });
      continue;
    }
    const found = await inputs.look(target);
    if (found === undefined) inputs.problems.push({ ...place, message: `there is no "${shown(reference.location)}"` });
    else if (reference.kind === 'nested-stack' && found.kind !== 'directory') await followFile(target, inputs, done);
  }
}
