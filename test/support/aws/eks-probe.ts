// A process of its own that reaches an EKS cluster as the runner does and says what came of it: one JSON document on stdout.
// Its certificate authorities come from NODE_EXTRA_CA_CERTS, which is read when a process starts.
import { assumeRole } from '../../../lib/adapters/aws/assume-role.ts';
import { defaultCredentials } from '../../../lib/adapters/aws/credentials.ts';
import { createKubeClient } from '../../../lib/adapters/kube/client.ts';
import { connectEks } from '../../../lib/adapters/kube/eks.ts';
import { eksToken } from '../../../lib/adapters/kube/eks-token.ts';
import { asFailure } from '../../../lib/core/errors.ts';

export interface EksProbe {
  readonly cluster: string;
  readonly region: string;
  readonly roleArn?: string;
  readonly externalId?: string;
  /** Signs for this cluster instead of the one that is asked. */
  readonly signFor?: string;
}

const configMaps = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  verbs: ['list'],
};

async function probe({ cluster, region, roleArn, externalId, signFor }: EksProbe): Promise<object> {
  const role = { roleArn: roleArn ?? '', region, sessionName: 'holdfast-test', ...(externalId && { externalId }) };
  const credentials = roleArn === undefined ? defaultCredentials(region) : assumeRole(role);
  const found = await connectEks({ cluster, region, credentials });
  const authorization = async (): Promise<string> =>
    `Bearer ${await eksToken({ cluster: signFor ?? '', region, credentials: await credentials(), now: new Date() })}`;
  const fixed = async () => ({ authorization: await authorization() });
  const connection =
    signFor === undefined
      ? found
      : { ...found, credentials: { current: () => undefined, renew: fixed, renewable: false } };
  const client = createKubeClient(connection);
  try {
    let count = 0;
    for await (const page of client.list(configMaps, { namespace: 'default' })) count += page.items.length;
    return { configMaps: count };
  } finally {
    client.close();
  }
}

const answer = await probe(JSON.parse(process.argv[2] ?? '{}') as EksProbe).catch(asFailure);
process.stdout.write(JSON.stringify(answer));
