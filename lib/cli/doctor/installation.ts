// `holdfast doctor` after a deployment: the stack, its API, its webhook, the tick, dead letters and the network.
import { functionNetwork, vpcWays } from '../../adapters/aws/inspect.ts';
import { readSecretMap } from '../../adapters/aws/secret-edit.ts';
import {
  type AwsSession,
  describeStack,
  findStack,
  type InstallationStack,
  type StackApi,
  stackApi,
} from '../../adapters/aws/stack-api.ts';
import type { DeadLetterDocument, StatusDocument } from '../../web/views.ts';
import { webhookAddress } from '../connection.ts';
import { sendPing } from '../ping.ts';
import { showAge } from '../time.ts';
import { type Check, fail, failed, ok, warn } from './check.ts';

/** What a stack of this version has. */
const outputs = [
  'Installation',
  'ApiUrl',
  'WebhookUrl',
  'WebhookSecretArn',
  'GitSecretArn',
  'ReconcileRoleArn',
  'ReconcileFunction',
  'ApiFunction',
];
/** Services that the reconcile function calls; the last two have free gateway endpoints. */
const needed = ['sts', 'lambda', 'sqs', 'cloudformation', 'eks', 'events', 'secretsmanager', 's3', 'dynamodb'];
/** The tick comes every minute. */
const tickLateMs = 5 * 60_000;

/** The checks of a stack; `named` = somebody asked for it, so that it has to be there. */
export async function installationChecks(
  session: AwsSession,
  name: string,
  named: boolean,
): Promise<{ readonly checks: readonly Check[]; readonly stack?: InstallationStack }> {
  const label = `stack ${name}`;
  try {
    if (!named && (await describeStack(session, name)) === undefined)
      return { checks: [warn(label, 'not deployed', 'npx cdk deploy')] };
    const stack = await findStack(session, name);
    const api = stackApi(session, stack);
    const checks = [
      stateCheck(label, stack),
      ...(await apiChecks(api)),
      await webhookCheck(session, stack),
      await networkCheck(session, stack),
    ];
    return { checks, stack };
  } catch (error) {
    return { checks: [failed(label, error)] };
  }
}

function stateCheck(label: string, stack: InstallationStack): Check {
  const lacking = outputs.filter((name) => (stack.outputs[name] ?? '') === '');
  if (/FAILED$|^ROLLBACK/.test(stack.status)) {
    const why = stack.statusReason === undefined ? '' : `: ${stack.statusReason}`;
    return fail(label, `${stack.status}${why}`, 'npx cdk deploy');
  }
  if (stack.status.endsWith('_IN_PROGRESS')) return warn(label, stack.status, 'Wait until it is deployed');
  if (lacking.length > 0) return warn(label, `an older version: no output ${lacking.join(', ')}`, 'npx cdk deploy');
  return ok(label, `${stack.status}, installation ${stack.outputs['Installation'] ?? ''}`);
}

async function apiChecks(api: StackApi): Promise<readonly Check[]> {
  try {
    const { status, json } = await api.call('GET', '/api/status');
    if (status !== 200) return [fail('API', `answered ${status}`, 'The log group of its function says why')];
    const document = json as StatusDocument;
    const { apps, problems = [] } = document;
    const count = `${apps.length} application${apps.length === 1 ? '' : 's'}`;
    const [first] = problems;
    return [
      first === undefined ? ok('API', count) : warn('API', `${count}; ${first}`, 'holdfast status'),
      tickCheck(document),
      await lettersCheck(api),
    ];
  } catch (error) {
    return [failed('API', error)];
  }
}

function tickCheck({ lastTick }: StatusDocument): Check {
  if (lastTick === undefined) return warn('tick', 'not told by this version', 'npx cdk deploy');
  const next = 'The log group of the tick function, and its schedule in EventBridge Scheduler';
  if (lastTick === null) return warn('tick', 'not yet: the first comes within a minute or two', next);
  const now = Date.now();
  const found = showAge(Date.parse(lastTick), now);
  return now - Date.parse(lastTick) > tickLateMs ? fail('tick', found, next) : ok('tick', found);
}

async function lettersCheck(api: StackApi): Promise<Check> {
  const { status, json } = await api.call('GET', '/api/dlq');
  if (status !== 200) return warn('dead letters', `not checked: the API answered ${status}`);
  const count = (json as DeadLetterDocument).letters.length;
  return count === 0 ? ok('dead letters', 'none') : warn('dead letters', String(count), 'holdfast dlq list');
}

async function webhookCheck(session: AwsSession, stack: InstallationStack): Promise<Check> {
  try {
    const address = webhookAddress(stack, 'root');
    const own = (await readSecretMap(session, stack.outputs['WebhookSecretArn'] ?? ''))['root'];
    const secret = Array.isArray(own) ? own[0] : own;
    if (typeof secret !== 'string') return warn('webhook', 'its secret has no entry "root"', 'holdfast connect URL');
    const ping = await sendPing(address, secret);
    if (ping.kind === 'seen') return ok('webhook', 'a signed ping was answered');
    return fail('webhook', ping.reason, 'npx cdk deploy; the log group of the webhook function says more');
  } catch (error) {
    return failed('webhook', error);
  }
}

async function networkCheck(session: AwsSession, stack: InstallationStack): Promise<Check> {
  const label = 'network';
  try {
    const network = await functionNetwork(session, stack.outputs['ReconcileFunction'] ?? '');
    if (network === undefined) return ok(label, 'reconcile is in no VPC');
    const { services, nat } = await vpcWays(session, network.vpc);
    if (nat) return ok(label, `${network.vpc} has a NAT gateway`);
    const missing = needed.filter((service) => !services.includes(service));
    if (missing.length === 0) return ok(label, `${network.vpc} has an endpoint for every service that is called`);
    const found = `${network.vpc} has no NAT gateway and no endpoint for ${missing.join(', ')}`;
    return fail(label, found, 'Set vpc.interfaceEndpoints in the context of cdk.json, or add a NAT gateway');
  } catch (error) {
    return failed(label, error);
  }
}
