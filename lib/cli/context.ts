// Which target --context is for: never a guess, because the wrong cluster would be written to.
import type { Application, Catalogue } from '../core/config/model.ts';
import { nearest } from '../core/config/nearest.ts';
import { usage } from './exit.ts';
import { type CommandFlags, text } from './flags.ts';

/** Throws a usage error when --context and --target do not name one kubeconfig target of these applications. */
export function checkContext(flags: CommandFlags, catalogue: Catalogue, apps: readonly Application[]): void {
  const context = text(flags, 'context');
  const target = text(flags, 'target');
  if (target !== undefined) checkTarget(target, context, catalogue);
  if (context === undefined || target !== undefined) return;
  const used = new Set(apps.map((app) => app.target));
  const several = [...used].filter((name) => catalogue.targets[name]?.kind === 'kubeconfig');
  if (several.length > 1)
    throw usage(
      `--context ${context} could be for ${several.join(' or ')}`,
      `Add --target ${several[0] ?? ''}, or name the applications`,
    );
}

function checkTarget(name: string, context: string | undefined, catalogue: Catalogue): void {
  const spec = catalogue.targets[name];
  const names = Object.keys(catalogue.targets);
  if (spec === undefined) {
    const near = nearest(name, names);
    throw usage(
      `There is no target "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
      names.length === 0 ? 'Declare one in holdfast.yaml' : `One of: ${names.join(', ')}`,
    );
  }
  if (spec.kind !== 'kubeconfig')
    throw usage(`Target "${name}" is ${spec.kind}: only kubeconfig targets take another context`);
  if (context === undefined) throw usage('--target says which target --context is for, and there is no --context');
}
