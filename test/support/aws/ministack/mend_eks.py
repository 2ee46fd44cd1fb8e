"""EKS clusters whose apiserver is one that runs here.

HOLDFAST_TEST_EKS_ENDPOINT: the URL that DescribeCluster answers. HOLDFAST_TEST_EKS_CA: file with its certificate authority, PEM.
HOLDFAST_TEST_EKS_TOKEN: last part of the path under which MiniStack reviews tokens; made up for each cluster when absent.
"""
import base64
import pathlib

from ministack.services import eks


def mend(settings):
    endpoint = settings.get("HOLDFAST_TEST_EKS_ENDPOINT")
    if not endpoint:
        return
    certificate = settings["HOLDFAST_TEST_EKS_CA"]
    token = settings.get("HOLDFAST_TEST_EKS_TOKEN")
    stock = eks._create_cluster

    def create_cluster(body, creator_arn=None):
        answer = stock(body, creator_arn)
        cluster = eks._clusters.get(body.get("name", ""))
        if cluster is not None and answer[0] == 200:
            # Read now: the apiserver may have been started after MiniStack.
            cluster["certificateAuthority"] = {"data": base64.b64encode(pathlib.Path(certificate).read_bytes()).decode()}
            cluster["_auth_token"] = token or cluster["_auth_token"]
        return answer

    eks._cluster_endpoint = lambda port: endpoint
    eks._get_docker = lambda: None
    eks._create_cluster = create_cluster
