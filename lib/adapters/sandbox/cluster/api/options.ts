// The query of a request: who writes, whether for real, what is selected.
import { badRequest, invalid } from './status.ts';

/** What every write can say about itself. */
export interface WriteOptions {
  readonly fieldManager: string;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly validation: 'Ignore' | 'Warn' | 'Strict';
}

/** The server shortens a user agent that stands in for a manager, and refuses a longer name. */
const LONGEST_MANAGER = 128;

/** Reads the options of a write. `kind` is the name of the option type in refusals, e.g. `PatchOptions`. */
export function writeOptions(
  query: URLSearchParams,
  kind: string,
  { userAgent, isApply }: { userAgent: string; isApply: boolean },
): WriteOptions {
  const refuse = (field: string, reason: string, message: string) =>
    invalid({ resource: { group: 'meta.k8s.io', resource: '', kind }, name: '' }, [{ reason, message, field }]);
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  if (dryRun.some((value) => value !== 'All')) {
    throw refuse(
      'dryRun',
      'FieldValueNotSupported',
      `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`,
    );
  }
  const manager = query.get('fieldManager') ?? '';
  if (manager === '' && isApply) {
    throw refuse('fieldManager', 'FieldValueRequired', 'Required value: is required for apply patch');
  }
  if (manager.length > LONGEST_MANAGER) {
    throw refuse('fieldManager', 'FieldValueTooLong', `Too long: may not be more than ${LONGEST_MANAGER} bytes`);
  }
  if (query.has('force') && kind === 'PatchOptions' && !isApply) {
    throw refuse('force', 'FieldValueForbidden', 'Forbidden: may not be specified for non-apply patch');
  }
  const validation = query.get('fieldValidation') || 'Warn';
  if (validation !== 'Ignore' && validation !== 'Warn' && validation !== 'Strict') {
    const supported = '"", "Ignore", "Strict", "Warn"';
    const message = `Unsupported value: ${JSON.stringify(validation)}: supported values: ${supported}`;
    throw refuse('fieldValidation', 'FieldValueNotSupported', message);
  }
  const fromAgent = (userAgent.split('/')[0] ?? '').slice(0, LONGEST_MANAGER);
  return {
    fieldManager: manager === '' ? fromAgent || 'unknown' : manager,
    dryRun: dryRun.length > 0,
    force: query.get('force') === 'true',
    validation,
  };
}

/** A whole number in the query, `undefined` when it is not there. */
export function numberOption(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return value;
}
