// Which controller looks after which resource.
import { forgetAge } from './acts.ts';
import { reconcilePod } from './pods.ts';
import { reconcileDeployment } from './deployments.ts';
import { reconcileJob } from './jobs.ts';
import {
  afterRemoval,
  collectGarbage,
  reconcileClaim,
  reconcileDefinition,
  reconcileNamespace,
  reconcileService,
} from './lifecycle.ts';
import { reconcileDaemonSet, reconcileReplicaSet, reconcileStatefulSet } from './replicas.ts';
import { type Controllers, ownersOf } from './runner.ts';

/** Every controller of the sandbox. */
export const CONTROLLERS: Controllers = {
  reconcile: {
    'customresourcedefinitions.apiextensions.k8s.io': reconcileDefinition,
    'daemonsets.apps': reconcileDaemonSet,
    'deployments.apps': reconcileDeployment,
    'jobs.batch': reconcileJob,
    namespaces: reconcileNamespace,
    persistentvolumeclaims: reconcileClaim,
    pods: reconcilePod,
    'replicasets.apps': reconcileReplicaSet,
    replicationcontrollers: reconcileReplicaSet,
    services: reconcileService,
    'statefulsets.apps': reconcileStatefulSet,
  },
  everything: collectGarbage,
  aftermath(cluster, gone) {
    forgetAge(cluster, gone.object);
    // A workload that lost a pod makes another one.
    return [...afterRemoval(cluster, gone), ...ownersOf(cluster, gone)];
  },
};
