// Pushing to the repository that an installation follows, and waiting for what comes of it.
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import type { AppStatus, HistoryDocument, StatusDocument } from '../../../lib/web/views.ts';
import { eventually } from '../eventually.ts';
import { commitAll, git, workTree, writeFiles } from '../git.ts';
import { kubectl } from '../real/kubectl.ts';
import type { Deployment } from './deployment.ts';

export type Files = Readonly<Record<string, string>>;

export interface Delivery {
  /** Commits and pushes these files without telling anybody. */
  commit(files: Files): Promise<string>;
  /** Commits, pushes and delivers the webhook; answers the revision. */
  push(files: Files): Promise<string>;
  status(): Promise<StatusDocument>;
  app(name: string): Promise<AppStatus>;
  /** Waits until these applications are at the revision. */
  applied(revision: string, names: readonly string[], within?: number): Promise<void>;
  /** Waits until the status of an application, or of the repository, says this. */
  says(pattern: RegExp, within?: number): Promise<string>;
  history(name: string): Promise<HistoryDocument['runs']>;
  /** `data` of a config map; undefined when it is not there. */
  data(namespace: string, name: string): Promise<Readonly<Record<string, string>> | undefined>;
  stackStatus(name: string): Promise<string | undefined>;
}

const every = 300;

/** `url` is where the test itself pushes to; where the installation reads may be another address. */
export function deliveryTo(on: Deployment, url: string = on.repository): Delivery {
  const work = `${on.dir}/work`;
  let begun = false;
  const ask = async <T>(path: string): Promise<T> => {
    // The emulator takes the account's own key without looking at the signature.
    const credential = `Credential=${on.aws.accountId}/20260101/${on.aws.region}/lambda/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=00`;
    const answer = await on.request(on.outputs['ApiUrl'] ?? '', { method: 'GET', path, headers: { authorization } });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as T;
  };
  const status = async (): Promise<StatusDocument> => await ask('/api/status');
  const commit = async (files: Files): Promise<string> => {
    if (begun) writeFiles(work, files);
    const revision = begun ? await commitAll(work, 'change') : await workTree(work, files);
    begun = true;
    await git(work, 'push', '-q', url, 'main');
    return revision;
  };
  return {
    commit,
    push: async (files) => {
      const revision = await commit(files);
      const answer = await on.deliver(revision);
      if (answer.status !== 202) throw new Error(`the webhook answered ${answer.status}: ${answer.body}`);
      return revision;
    },
    status,
    app: async (name) => {
      const found = (await status()).apps.find((one) => one.name === name);
      if (found === undefined) throw new Error(`there is no application ${name}`);
      return found;
    },
    applied: async (revision, names, within = 120_000) => {
      await eventually(
        async () => {
          const { apps, problems } = await status();
          const chosen = apps.filter(({ name }) => names.includes(name));
          const done = chosen.every((app) => app.sync === 'Synced' && app.appliedRevision === revision);
          if (done && chosen.length === names.length) return true;
          throw new Error(JSON.stringify({ revision, chosen, problems }, undefined, 1));
        },
        { within, every, what: `${names.join(', ')} at ${revision}` },
      );
    },
    says: async (pattern, within = 90_000) =>
      await eventually(
        async () => {
          const { apps, problems = [] } = await status();
          const lines = [...problems, ...apps.map(({ name, message }) => `${name}: ${message}`)];
          const found = lines.find((line) => pattern.test(line));
          if (found === undefined) throw new Error(lines.join('\n'));
          return found;
        },
        { within, every, what: `a status like ${String(pattern)}` },
      ),
    history: async (name) => (await ask<HistoryDocument>(`/api/apps/${name}/history`)).runs,
    data: async (namespace, name) => {
      const args = ['-n', namespace, 'get', 'configmap', name, '--ignore-not-found', '-o', 'json'];
      const { stdout } = await kubectl(on.plane.kubeconfig, args);
      return stdout === '' ? undefined : (JSON.parse(stdout) as { data: Record<string, string> }).data;
    },
    stackStatus: async (name) => {
      const client = new CloudFormationClient(on.aws.clientConfig());
      const answer = await client.send(new DescribeStacksCommand({ StackName: name }));
      return answer.Stacks?.[0]?.StackStatus;
    },
  };
}

/** A config map as a manifest. */
export function configMap(name: string, data: Readonly<Record<string, string>>): string {
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })}\n`;
}

/** A namespace as a manifest. */
export function namespaceManifest(name: string): string {
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })}\n`;
}

/** A stack whose update takes so many seconds, because a custom resource does. */
export function slowStack(name: string, roleArn: string, seconds: number, text: string): string {
  const code = `exports.handler = async (event) => {
  const { Seconds } = event.ResourceProperties;
  await new Promise((done) => setTimeout(done, Number(Seconds) * 1000));
  const { StackId, RequestId, LogicalResourceId } = event;
  const body = JSON.stringify({ Status: 'SUCCESS', PhysicalResourceId: 'wait', StackId, RequestId, LogicalResourceId });
  const url = new URL(event.ResponseURL);
  const { request } = require(url.protocol.slice(0, -1));
  await new Promise((done, failed) => {
    const options = { method: 'PUT', headers: { 'content-length': Buffer.byteLength(body) } };
    const sent = request(url, options, (answer) => answer.resume().on('end', done));
    sent.on('error', failed);
    sent.end(body);
  });
};`;
  const wait = {
    Type: 'AWS::Lambda::Function',
    Properties: {
      FunctionName: `${name}-wait`,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: roleArn,
      Timeout: 60,
      Code: { ZipFile: code },
    },
  };
  const pause = {
    Type: 'Custom::Wait',
    Properties: { ServiceToken: { 'Fn::GetAtt': ['Wait', 'Arn'] }, Seconds: String(seconds), Text: text },
  };
  return `${JSON.stringify({ Resources: { Wait: wait, Pause: pause } }, undefined, 2)}\n`;
}
