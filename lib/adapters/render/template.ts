// Reads a CloudFormation template as desired state: checked offline, kept byte for byte.
import { checkParameters, checkTemplate } from '../../core/cloudformation/check.ts';
import { readTemplate } from '../../core/cloudformation/template.ts';
import type { Bundle, Renderer, RenderOptions, RenderResult } from '../../core/render/model.ts';
import { decodeStrictUtf8 } from '../../core/text.ts';

const version = 'template/1';

async function render(bundle: Bundle, options: RenderOptions): Promise<RenderResult> {
  const { path, stack, position } = options.app;
  const at = { file: path, line: 1, column: 1 };
  const file = bundle.files.find((one) => one.path === path);
  const body = file === undefined ? undefined : decodeStrictUtf8(file.bytes);
  if (stack === undefined || body === undefined) {
    const message = file === undefined ? 'there is no template file here' : 'the file is not text in UTF-8';
    return { kind: 'refused', problems: [{ ...at, code: file === undefined ? 'PathMissing' : 'NotUtf8', message }] };
  }
  const read = readTemplate(path, body);
  const problems = [...read.problems, ...checkTemplate(read)];
  if (read.template === undefined || problems.length > 0) return { kind: 'refused', problems };
  const parameters = checkParameters(read.template, stack.parameters, position);
  if (parameters.length > 0) return { kind: 'refused', problems: parameters };
  const desired = { kind: 'stack', stack, source: at, body, template: read.template } as const;
  return { kind: 'desired', desired, warnings: read.warnings };
}

/** The renderer of CloudFormation templates. */
export function templateRenderer(): Renderer {
  return { version: async () => version, render };
}
