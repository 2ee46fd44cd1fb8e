// The rights of every role of a template, one line for each statement, with references as names.

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}
interface Document {
  readonly Statement: readonly Statement[];
}
interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> }>
  >;
}

/** One right: who, for what, what, on what. */
export interface RightLine {
  readonly who: string;
  readonly sid: string;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition: string | undefined;
}

/** Lines `who purpose: actions on resources`. */
export function rightsTable(template: Template): readonly string[] {
  return rightLines(template).map(({ who, sid, effect, actions, resources, condition }) => {
    const denied = effect === 'Deny' ? 'deny ' : '';
    const when = condition === undefined ? '' : ` when ${condition}`;
    return `${who} ${sid}: ${denied}${actions.join(', ')} on ${resources.join(', ')}${when}`;
  });
}

/** The same as data. */
export function rightLines(template: Template): readonly RightLine[] {
  return Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) => {
    if (Type === 'AWS::IAM::Role') {
      const inline = (Properties['Policies'] ?? []) as readonly { readonly PolicyDocument: Document }[];
      return inline.flatMap(({ PolicyDocument }) => PolicyDocument.Statement.map((one) => lineOf(id, one)));
    }
    if (Type !== 'AWS::IAM::Policy') return [];
    const [role] = Properties['Roles'] as readonly unknown[];
    return (Properties['PolicyDocument'] as Document).Statement.map((one) => lineOf(flat(role), one));
  });
}

function lineOf(role: string, statement: Statement): RightLine {
  return {
    who: short(role).replace(/^(.*)Role$/, (_all, name: string) =>
      name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase(),
    ),
    sid: statement.Sid ?? '?',
    effect: statement.Effect,
    actions: list(statement.Action).map(flat),
    resources: list(statement.Resource).map(flat),
    condition: statement.Condition === undefined ? undefined : flatJson(statement.Condition),
  };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** A value of a template as text: references by the name of what they refer to. */
function flat(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const {
    Ref: ref,
    'Fn::GetAtt': attribute,
    'Fn::Join': join,
    'Fn::Sub': sub,
  } = value as Readonly<Record<string, unknown>>;
  if (typeof ref === 'string') return ref.startsWith('AWS::') ? `{${ref.slice('AWS::'.length)}}` : short(ref);
  if (Array.isArray(attribute)) return short(String(attribute[0]));
  if (typeof sub === 'string') return sub.replaceAll(/\$\{(?:AWS::)?(\w+)\}/g, '{$1}');
  const parts: unknown = Array.isArray(join) ? join[1] : [];
  return Array.isArray(parts) ? parts.map(flat).join('') : '?';
}

function flatJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Object.keys(value).some((key) => key === 'Ref' || key.startsWith('Fn::'))) return flat(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${flatJson(inner)}`)
    .join(' and ');
}

/** `HoldfastStateTable1A2B3C4D` -> `StateTable`. */
function short(id: string): string {
  return id.replace(/[0-9A-F]{8}$/, '').replace(/^Holdfast/, '');
}
