// What an installation costs a month: counted requests times a price list. Pure, so that the README and the command say the same.

/** What one thing that happens uses. */
export interface Usage {
  readonly invocations: number;
  readonly armGbSeconds: number;
  readonly x86GbSeconds: number;
  readonly sqsRequests: number;
  /** Read and write request units. */
  readonly dynamoReads: number;
  readonly dynamoWrites: number;
  readonly s3Puts: number;
  readonly s3Gets: number;
  readonly events: number;
  readonly schedules: number;
  readonly logKb: number;
}

/** `counts.json`. */
export interface Counts {
  readonly v: 1;
  /** False: calculated, not measured. */
  readonly measured: boolean;
  readonly note: string;
  readonly fixed: {
    readonly secrets: number;
    readonly alarms: number;
    readonly metrics: number;
    readonly dashboards: number;
    readonly tableGb: number;
    readonly bucketGb: number;
  };
  readonly application: { readonly tableGb: number; readonly bucketGb: number };
  /** A day on which nothing happens, without drift sweeps. */
  readonly idleDay: Usage;
  /** One sweep of one target, and what each application adds to it. */
  readonly sweep: Usage;
  readonly sweepApplication: Usage;
  /** One push that changes one application, and what each application of the installation adds to it. */
  readonly push: Usage;
  readonly pushApplication: Usage;
}

/** `prices.json`. */
export interface Prices {
  readonly v: 1;
  readonly date: string;
  readonly region: string;
  readonly currency: 'USD';
  readonly note: string;
  readonly unit: Readonly<
    Record<
      | 'lambdaArmGbSecond'
      | 'lambdaX86GbSecond'
      | 'lambdaRequest'
      | 'sqsRequest'
      | 'dynamoRead'
      | 'dynamoWrite'
      | 'dynamoGbMonth'
      | 'dynamoBackupGbMonth'
      | 's3Put'
      | 's3Get'
      | 's3GbMonth'
      | 'eventPut'
      | 'scheduleInvocation'
      | 'logGb'
      | 'secretMonth'
      | 'alarmMonth'
      | 'metricMonth'
      | 'dashboardMonth',
      number
    >
  >;
  /** What is free every month, for as long as the account lives. */
  readonly free: Readonly<
    Record<
      | 'lambdaGbSeconds'
      | 'lambdaRequests'
      | 'sqsRequests'
      | 'dynamoGbMonth'
      | 'scheduleInvocations'
      | 'logGb'
      | 'alarms'
      | 'metrics'
      | 'dashboards',
      number
    >
  >;
  readonly managedArgoCd: { readonly capabilityHour: number; readonly applicationHour: number };
  readonly hoursPerMonth: number;
}

/** What is assumed of a month. */
export interface Workload {
  readonly apps: number;
  readonly targets: number;
  /** Pushes of one application. */
  readonly pushesPerApp: number;
  readonly driftEveryMinutes: number;
}

export const services = ['Lambda', 'SQS', 'DynamoDB', 'S3', 'EventBridge', 'CloudWatch', 'Secrets Manager'] as const;

type Service = (typeof services)[number];

export interface Estimate {
  readonly workload: Workload;
  /** US dollars a month by service, what is free taken off. */
  readonly services: Readonly<Record<Service, number>>;
  readonly total: number;
  /** The same in an account whose free amounts are used up by something else. */
  readonly withoutFree: number;
  /** EKS capability for Argo CD with as many applications. */
  readonly managedArgoCd: number;
}

/** The month of one workload. */
export function estimate(workload: Workload, counts: Counts, prices: Prices): Estimate {
  const usage = usageOf(workload, counts, prices);
  const paid = costs(workload, usage, { counts, prices, free: prices.free });
  const gross = costs(workload, usage, { counts, prices, free: undefined });
  const { capabilityHour, applicationHour } = prices.managedArgoCd;
  return {
    workload,
    services: paid,
    total: sum(paid),
    withoutFree: sum(gross),
    managedArgoCd: prices.hoursPerMonth * (capabilityHour + workload.apps * applicationHour),
  };
}

const sum = (costs: Readonly<Record<string, number>>): number =>
  Object.values(costs).reduce((total, cost) => total + cost, 0);

function usageOf(workload: Workload, counts: Counts, prices: Prices): Usage {
  const days = prices.hoursPerMonth / 24;
  const sweeps = workload.apps === 0 ? 0 : (prices.hoursPerMonth * 60) / workload.driftEveryMinutes;
  const parts: readonly (readonly [Usage, number])[] = [
    [counts.idleDay, days],
    [counts.sweep, sweeps * workload.targets],
    [counts.sweepApplication, sweeps * workload.apps],
    [counts.push, workload.pushesPerApp * workload.apps],
    [counts.pushApplication, workload.pushesPerApp * workload.apps * workload.apps],
  ];
  const add = (member: keyof Usage): number =>
    parts.reduce((total, [usage, times]) => total + usage[member] * times, 0);
  return {
    invocations: add('invocations'),
    armGbSeconds: add('armGbSeconds'),
    x86GbSeconds: add('x86GbSeconds'),
    sqsRequests: add('sqsRequests'),
    dynamoReads: add('dynamoReads'),
    dynamoWrites: add('dynamoWrites'),
    s3Puts: add('s3Puts'),
    s3Gets: add('s3Gets'),
    events: add('events'),
    schedules: add('schedules'),
    logKb: add('logKb'),
  };
}

interface Pricing {
  readonly counts: Counts;
  readonly prices: Prices;
  readonly free: Prices['free'] | undefined;
}

function costs(workload: Workload, usage: Usage, { counts, prices, free }: Pricing): Record<Service, number> {
  const { unit } = prices;
  const { fixed, application } = counts;
  const over = (amount: number, name: keyof Prices['free']): number => Math.max(0, amount - (free?.[name] ?? 0));
  const tableGb = fixed.tableGb + application.tableGb * workload.apps;
  const bucketGb = fixed.bucketGb + application.bucketGb * workload.apps;
  // What is free of Lambda's time is taken off both architectures in proportion.
  const seconds = usage.armGbSeconds + usage.x86GbSeconds;
  const share = seconds === 0 ? 0 : over(seconds, 'lambdaGbSeconds') / seconds;
  return {
    Lambda:
      share * (usage.armGbSeconds * unit.lambdaArmGbSecond + usage.x86GbSeconds * unit.lambdaX86GbSecond) +
      over(usage.invocations, 'lambdaRequests') * unit.lambdaRequest,
    SQS: over(usage.sqsRequests, 'sqsRequests') * unit.sqsRequest,
    DynamoDB:
      usage.dynamoReads * unit.dynamoRead +
      usage.dynamoWrites * unit.dynamoWrite +
      over(tableGb, 'dynamoGbMonth') * unit.dynamoGbMonth +
      tableGb * unit.dynamoBackupGbMonth,
    S3: usage.s3Puts * unit.s3Put + usage.s3Gets * unit.s3Get + bucketGb * unit.s3GbMonth,
    EventBridge: usage.events * unit.eventPut + over(usage.schedules, 'scheduleInvocations') * unit.scheduleInvocation,
    CloudWatch:
      over(usage.logKb / 1_000_000, 'logGb') * unit.logGb +
      over(fixed.alarms, 'alarms') * unit.alarmMonth +
      over(fixed.metrics, 'metrics') * unit.metricMonth +
      over(fixed.dashboards, 'dashboards') * unit.dashboardMonth,
    'Secrets Manager': fixed.secrets * unit.secretMonth,
  };
}
