// The defaults that the server fills in, by Go type, as in Kubernetes 1.36. Checked against a real server by comparing whole objects.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isMap, listAt, textAt } from '../json.ts';
import {
  containerLimits,
  isLatest,
  isMissing,
  jobDefaults,
  claimTemplates,
  namespaceLabel,
  podRequests,
  rollingUpdate,
  scalingRules,
  secretText,
  serviceDefaults,
  servicePort,
  storedVersions,
} from './computed-defaults.ts';

type Default = JsonObject | ((value: JsonObject) => JsonObject);

const PROBE: JsonObject = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
const VOLUME_MODE: JsonObject = { defaultMode: 420 };

const CONTAINER = (container: JsonObject): JsonObject => ({
  imagePullPolicy: isLatest(textAt(container, 'image') ?? '') ? 'Always' : 'IfNotPresent',
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
});

const WEBHOOK: JsonObject = {
  failurePolicy: 'Fail',
  matchPolicy: 'Equivalent',
  namespaceSelector: {},
  objectSelector: {},
  timeoutSeconds: 10,
};

const CPU_METRIC: JsonObject = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
};

/** Types whose defaults change what is there, not only what is missing. */
const RESHAPED: Readonly<Record<string, (value: JsonObject) => JsonObject>> = {
  'apiextensions.v1.CustomResourceDefinition': storedVersions,
  'apps.v1.StatefulSetSpec': claimTemplates,
  'autoscaling.v2.HorizontalPodAutoscalerBehavior': scalingRules,
  'batch.v1.Job': jobDefaults,
  'core.v1.LimitRangeItem': containerLimits,
  'core.v1.Namespace': namespaceLabel,
  'core.v1.Pod': podRequests,
  'core.v1.Secret': secretText,
  'core.v1.ServicePort': servicePort,
};

const DEFAULTS: Readonly<Record<string, Default>> = {
  'admissionregistration.v1.MutatingWebhook': { ...WEBHOOK, reinvocationPolicy: 'Never' },
  'admissionregistration.v1.RuleWithOperations': { scope: '*' },
  'admissionregistration.v1.ServiceReference': { port: 443 },
  'admissionregistration.v1.ValidatingWebhook': WEBHOOK,
  'apiextensions.v1.CustomResourceDefinitionNames': (names) => {
    const kind = textAt(names, 'kind') ?? '';
    // The accepted names in the status are empty until the name is accepted.
    return kind === '' ? {} : { singular: kind.toLowerCase(), listKind: `${kind}List` };
  },
  'apiextensions.v1.CustomResourceDefinitionSpec': { conversion: { strategy: 'None' } },
  'apiextensions.v1.ServiceReference': { port: 443 },
  'apiregistration.v1.ServiceReference': { port: 443 },
  'apps.v1.DaemonSetSpec': { revisionHistoryLimit: 10 },
  'apps.v1.DaemonSetUpdateStrategy': rollingUpdate,
  'apps.v1.DeploymentSpec': { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 },
  'apps.v1.DeploymentStrategy': rollingUpdate,
  'apps.v1.ReplicaSetSpec': { replicas: 1 },
  'apps.v1.RollingUpdateDaemonSet': { maxUnavailable: 1, maxSurge: 0 },
  'apps.v1.RollingUpdateDeployment': { maxUnavailable: '25%', maxSurge: '25%' },
  'apps.v1.RollingUpdateStatefulSetStrategy': { partition: 0 },
  'apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy': { whenDeleted: 'Retain', whenScaled: 'Retain' },
  'apps.v1.StatefulSetSpec': {
    podManagementPolicy: 'OrderedReady',
    replicas: 1,
    revisionHistoryLimit: 10,
    persistentVolumeClaimRetentionPolicy: {},
  },
  'apps.v1.StatefulSetUpdateStrategy': (strategy) =>
    isMissing(strategy['type']) || isMap(strategy['rollingUpdate']) ? rollingUpdate(strategy) : {},
  'autoscaling.v2.HorizontalPodAutoscalerSpec': { minReplicas: 1, metrics: [CPU_METRIC] },
  'batch.v1.CronJobSpec': {
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  },
  'core.v1.ConfigMapVolumeSource': VOLUME_MODE,
  'core.v1.Container': CONTAINER,
  'core.v1.ContainerPort': { protocol: 'TCP' },
  'core.v1.DownwardAPIVolumeSource': VOLUME_MODE,
  'core.v1.EndpointPort': { protocol: 'TCP' },
  'core.v1.EphemeralContainer': CONTAINER,
  'core.v1.HTTPGetAction': { path: '/', scheme: 'HTTP' },
  'core.v1.HostPathVolumeSource': { type: '' },
  'core.v1.NamespaceStatus': { phase: 'Active' },
  'core.v1.ObjectFieldSelector': { apiVersion: 'v1' },
  'core.v1.PersistentVolumeClaimSpec': { volumeMode: 'Filesystem' },
  'core.v1.PersistentVolumeClaimStatus': { phase: 'Pending' },
  'core.v1.PersistentVolumeSpec': { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' },
  'core.v1.PersistentVolumeStatus': { phase: 'Pending' },
  'core.v1.PodSpec': (spec) => ({
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    schedulerName: 'default-scheduler',
    // The old name of the field is kept equal to the new one.
    ...(isMissing(spec['serviceAccountName']) ? {} : { serviceAccount: spec['serviceAccountName'] }),
    ...(isMissing(spec['serviceAccount']) ? {} : { serviceAccountName: spec['serviceAccount'] }),
  }),
  'core.v1.Probe': PROBE,
  'core.v1.ProjectedVolumeSource': VOLUME_MODE,
  'core.v1.ReplicationControllerSpec': { replicas: 1 },
  'core.v1.Secret': { type: 'Opaque' },
  'core.v1.SecretVolumeSource': VOLUME_MODE,
  'core.v1.ServiceAccountTokenProjection': { expirationSeconds: 3600 },
  'core.v1.ServicePort': { protocol: 'TCP' },
  'core.v1.ServiceSpec': serviceDefaults,
  'core.v1.Volume': (volume) => (Object.keys(volume).some((name) => name !== 'name') ? {} : { emptyDir: {} }),
  'networking.v1.IngressClassParametersReference': { scope: 'Cluster' },
  'networking.v1.NetworkPolicyPort': { protocol: 'TCP' },
  'networking.v1.NetworkPolicySpec': (spec) => ({
    policyTypes: listAt(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress'],
  }),
  'rbac.v1.RoleRef': { apiGroup: 'rbac.authorization.k8s.io' },
  'rbac.v1.Subject': ({ kind }) =>
    kind === 'User' || kind === 'Group' ? { apiGroup: 'rbac.authorization.k8s.io' } : {},
  'scheduling.v1.PriorityClass': { preemptionPolicy: 'PreemptLowerPriority' },
  'storage.v1.StorageClass': { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
};

/** The struct with the defaults of its type where it says nothing. The same value when nothing is missing. */
export function fillDefaults(typeName: string | undefined, given: JsonObject): JsonObject {
  if (typeName === undefined) return given;
  const value = RESHAPED[typeName]?.(given) ?? given;
  const declared = DEFAULTS[typeName];
  if (declared === undefined) return value;
  let result: Record<string, Json | undefined> | undefined;
  for (const [name, filled] of Object.entries(typeof declared === 'function' ? declared(value) : declared)) {
    if (!isMissing(value[name])) continue;
    result ??= { ...value };
    result[name] = filled;
  }
  return result ?? value;
}
