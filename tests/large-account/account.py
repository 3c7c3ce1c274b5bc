"""A large account that exists only as the answers to the calls that read it.

Everything follows from a few numbers, so that the account takes no memory and what has to be
called at the least can be worked out. Shapes are AWS's own, as the SDK reads them.
"""

import json
import math
import os
from urllib.parse import quote, unquote

ACCOUNT = "111122223333"
REGIONS = ["ap-southeast-2", "eu-central-1", "eu-west-1", "us-east-1", "us-west-2"]
# The account is so many times smaller.
SHARE = int(os.environ.get("SHARE", "1"))
ROLES, NODE_ROLES, PROFILES = 5000 // SHARE, 300 // SHARE, 1000 // SHARE
CLUSTERS, NODEGROUPS_EACH, INSTANCES_EACH = 100 // SHARE, 5, 10
STANDARD_ENTRIES_EACH = 5
REPOSITORIES_EACH = 40
LOCAL_POLICIES = 800
# The most that each list gives on a page.
IAM_PAGE, EKS_PAGE, EC2_PAGE, ECR_PAGE = 1000, 100, 1000, 1000

AWS_POLICIES = [
    "AmazonEKSWorkerNodePolicy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonEC2ContainerRegistryPowerUser",
    "AmazonEKS_CNI_Policy",
]
PULL = [
    "ecr:GetAuthorizationToken",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchCheckLayerAvailability",
]
DATE = "2026-01-16T10:00:00Z"


def document(actions, resource="*"):
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


AWS_DOCUMENTS = {
    "AmazonEKSWorkerNodePolicy": document(["ec2:DescribeInstances", "eks:DescribeCluster"]),
    "AmazonEC2ContainerRegistryPullOnly": document(PULL + ["ecr:BatchImportUpstreamImage"]),
    "AmazonEC2ContainerRegistryReadOnly": document(PULL + ["ecr:DescribeImages", "ecr:ListImages"]),
    "AmazonEC2ContainerRegistryPowerUser": document(PULL + ["ecr:PutImage", "ecr:UploadLayerPart"]),
    "AmazonEKS_CNI_Policy": document(["ec2:AssignPrivateIpAddresses", "ec2:CreateTags"]),
}


def role_name(number):
    return f"eks-nodes-{number:04}" if number < NODE_ROLES else f"service-{number:04}"


def role_arn(number):
    return f"arn:aws:iam::{ACCOUNT}:role/platform/{role_name(number)}"


def local_policy_arn(number):
    return f"arn:aws:iam::{ACCOUNT}:policy/team/app-{number:04}"


def aws_policy_arn(name):
    return f"arn:aws:iam::aws:policy/{name}"


def profile_arn(number):
    return f"arn:aws:iam::{ACCOUNT}:instance-profile/platform/profile-{number:04}"


def clusters(region):
    """The numbers of the region's clusters."""
    return [n for n in range(CLUSTERS) if REGIONS[n % len(REGIONS)] == region]


def cluster_name(number):
    return f"cluster-{number:03}"


def nodegroup_role(cluster, nodegroup):
    return (cluster * NODEGROUPS_EACH + nodegroup) % NODE_ROLES


def fargate_profiles(cluster):
    return ["default"] if cluster % 10 == 0 else []


def principals(cluster):
    """The access entries of a cluster: those of its nodes, and people's."""
    nodes = {role_arn(nodegroup_role(cluster, n)) for n in range(NODEGROUPS_EACH)}
    people = {f"arn:aws:iam::{ACCOUNT}:role/admin-{n}" for n in range(STANDARD_ENTRIES_EACH)}
    return sorted(nodes | people)


def least_calls():
    """How often each call has to be made at the least: every page once, every describe once."""
    per_region = CLUSTERS // len(REGIONS)
    entries = sum(len(principals(cluster)) for cluster in range(CLUSTERS))
    fargate = sum(len(fargate_profiles(cluster)) for cluster in range(CLUSTERS))
    policies = LOCAL_POLICIES + len(AWS_POLICIES)
    regions = len(REGIONS)
    return {
        "iam:GetAccountAuthorizationDetails":
            math.ceil(ROLES / IAM_PAGE) + math.ceil(policies / IAM_PAGE),
        "iam:ListInstanceProfiles": math.ceil(PROFILES / IAM_PAGE),
        "iam:ListInstanceProfileTags": PROFILES,
        "ec2:DescribeRegions": 1,
        "ec2:DescribeInstances": regions * math.ceil(per_region * INSTANCES_EACH / EC2_PAGE),
        "eks:ListClusters": regions * math.ceil(per_region / EKS_PAGE),
        "eks:DescribeCluster": CLUSTERS,
        "eks:ListNodegroups": CLUSTERS,
        "eks:DescribeNodegroup": CLUSTERS * NODEGROUPS_EACH,
        "eks:ListAccessEntries": CLUSTERS,
        "eks:DescribeAccessEntry": entries,
        "eks:ListFargateProfiles": CLUSTERS,
        "eks:DescribeFargateProfile": fargate,
        "ecr:DescribeRepositories": regions * math.ceil(REPOSITORIES_EACH / ECR_PAGE),
        "ecr:GetRepositoryPolicy": regions * REPOSITORIES_EACH,
        "ecr:GetRegistryPolicy": regions,
    }


# ---- IAM: XML, documents percent-encoded ----


def member(content):
    return f"<member>{content}</member>"


def members(contents):
    return "".join(map(member, contents))


def page(items, parameters, most):
    """A page of a list, with the marker of the next one."""
    start = int(parameters.get("Marker", "0"))
    end = start + min(int(parameters.get("MaxItems", "100")), most)
    more = f"<Marker>{end}</Marker>" if end < len(items) else ""
    return items[start:end], f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}"


def iam(action, parameters):
    """The result element of a call of IAM."""
    if action == "GetAccountAuthorizationDetails":
        kinds = {value for key, value in parameters.items() if key.startswith("Filter.")}
        entries = [("role", n) for n in range(ROLES)] if "Role" in kinds else []
        if "LocalManagedPolicy" in kinds:
            entries += [("local", n) for n in range(LOCAL_POLICIES)]
        if "AWSManagedPolicy" in kinds:
            entries += [("aws", name) for name in AWS_POLICIES]
        shown, more = page(entries, parameters, IAM_PAGE)
        roles = members(role_detail(what) for kind, what in shown if kind == "role")
        policies = members(policy_detail(*entry) for entry in shown if entry[0] != "role")
        return f"{more}<RoleDetailList>{roles}</RoleDetailList><Policies>{policies}</Policies>"
    if action == "ListInstanceProfiles":
        shown, more = page(range(PROFILES), parameters, IAM_PAGE)
        return f"{more}<InstanceProfiles>{members(map(profile, shown))}</InstanceProfiles>"
    if action == "ListInstanceProfileTags":
        tags = member("<Key>team</Key><Value>platform</Value>")
        return f"<IsTruncated>false</IsTruncated><Tags>{tags}</Tags>"
    raise KeyError(action)


def role_detail(number):
    attached = [local_policy_arn(number % LOCAL_POLICIES)]
    if number < NODE_ROLES:
        attached += map(aws_policy_arn, ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"))
        # One in ten can push.
        registry = "PowerUser" if number % 10 == 0 else "ReadOnly"
        attached.append(aws_policy_arn(f"AmazonEC2ContainerRegistry{registry}"))
    policies = members(
        f"<PolicyName>{arn.rsplit('/', 1)[1]}</PolicyName><PolicyArn>{arn}</PolicyArn>"
        for arn in attached
    )
    inline = quote(document(["logs:PutLogEvents", "s3:GetObject"], [
        f"arn:aws:s3:::bucket-{number:04}-{part}/*" for part in range(300)
    ]), safe="")
    trust = quote(document(["sts:AssumeRole"]), safe="")
    return f"""
        <Path>/platform/</Path><RoleName>{role_name(number)}</RoleName>
        <RoleId>AROA{number:017}</RoleId><Arn>{role_arn(number)}</Arn>
        <CreateDate>{DATE}</CreateDate><AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>
        <InstanceProfileList/><AttachedManagedPolicies>{policies}</AttachedManagedPolicies>
        <RolePolicyList>{member(f"<PolicyName>own</PolicyName><PolicyDocument>{inline}</PolicyDocument>")}</RolePolicyList>
        <Tags>{member(f"<Key>owner</Key><Value>team-{number % 20}</Value>")}</Tags>"""


def policy_detail(kind, what):
    if kind == "aws":
        arn, text = aws_policy_arn(what), AWS_DOCUMENTS[what]
    else:
        arn = local_policy_arn(what)
        # As many versions of as many characters as IAM takes.
        text = document(["s3:GetObject", "sqs:*"], [f"arn:aws:s3:::b-{what}-{n}/*" for n in range(215)])
    text = quote(text, safe="")
    versions = members(
        f"<Document>{text}</Document><VersionId>v{n}</VersionId>"
        f"<IsDefaultVersion>{str(n == 2).lower()}</IsDefaultVersion><CreateDate>{DATE}</CreateDate>"
        for n in range(1, 6)
    )
    return f"""
        <PolicyName>{arn.rsplit("/", 1)[1]}</PolicyName><PolicyId>ANPAEXAMPLE</PolicyId>
        <Arn>{arn}</Arn><Path>/</Path><DefaultVersionId>v2</DefaultVersionId>
        <AttachmentCount>1</AttachmentCount><IsAttachable>true</IsAttachable>
        <PolicyVersionList>{versions}</PolicyVersionList>"""


def profile(number):
    role = f"""
        <Path>/platform/</Path><RoleName>{role_name(number)}</RoleName>
        <RoleId>AROA{number:017}</RoleId><Arn>{role_arn(number)}</Arn>
        <CreateDate>{DATE}</CreateDate>"""
    return f"""
        <Path>/platform/</Path><InstanceProfileName>profile-{number:04}</InstanceProfileName>
        <InstanceProfileId>AIPA{number:017}</InstanceProfileId><Arn>{profile_arn(number)}</Arn>
        <CreateDate>{DATE}</CreateDate><Roles>{member(role)}</Roles>"""


# ---- EC2: XML ----


def ec2(action, region):
    """The content of an answer of EC2."""
    if action == "DescribeRegions":
        items = "".join(
            f"<item><regionName>{name}</regionName><optInStatus>opt-in-not-required</optInStatus>"
            "</item>" for name in REGIONS
        )
        return f"<regionInfo>{items}</regionInfo>"
    items = "".join(
        f"""<item><instancesSet><item><instanceId>i-{cluster:08}{n:09}</instanceId>
              <iamInstanceProfile><arn>{profile_arn(nodegroup_role(cluster, n % NODEGROUPS_EACH))}</arn>
              </iamInstanceProfile><tagSet><item>
              <key>kubernetes.io/cluster/{cluster_name(cluster)}</key><value>owned</value>
              </item></tagSet></item></instancesSet></item>"""
        for cluster in clusters(region) for n in range(INSTANCES_EACH)
    )
    return f"<reservationSet>{items}</reservationSet>"


# ---- EKS: JSON ----


def eks(region, path):
    """The call's name and the answer to a path of EKS."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if len(parts) == 1:
        return "ListClusters", {"clusters": [cluster_name(n) for n in clusters(region)]}
    name, number = parts[1], int(parts[1].rsplit("-", 1)[1])
    prefix = f"arn:aws:eks:{region}:{ACCOUNT}"
    match parts[2:]:
        case []:
            cluster = {
                "name": name,
                "arn": f"{prefix}:cluster/{name}",
                "status": "ACTIVE",
                "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
                "tags": {"team": f"team-{number % 20}"},
            }
            if number % 10 == 5:
                cluster["computeConfig"] = {"enabled": True, "nodeRoleArn": role_arn(number)}
            return "DescribeCluster", {"cluster": cluster}
        case ["node-groups"]:
            groups = [f"group-{n}" for n in range(NODEGROUPS_EACH)]
            return "ListNodegroups", {"nodegroups": groups}
        case ["node-groups", group]:
            role = nodegroup_role(number, int(group.rsplit("-", 1)[1]))
            return "DescribeNodegroup", {"nodegroup": {
                "nodegroupName": group,
                "clusterName": name,
                "nodeRole": role_arn(role),
                "status": "ACTIVE",
                "tags": {"team": f"team-{number % 20}"},
            }}
        case ["access-entries"]:
            return "ListAccessEntries", {"accessEntries": principals(number)}
        case ["access-entries", principal]:
            kind = "EC2_LINUX" if "eks-nodes" in principal else "STANDARD"
            return "DescribeAccessEntry", {"accessEntry": {
                "clusterName": name, "principalArn": principal, "type": kind, "tags": {},
            }}
        case ["fargate-profiles"]:
            return "ListFargateProfiles", {"fargateProfileNames": fargate_profiles(number)}
        case ["fargate-profiles", profile_name]:
            return "DescribeFargateProfile", {"fargateProfile": {
                "fargateProfileName": profile_name,
                "clusterName": name,
                "podExecutionRoleArn": role_arn(number),
                "status": "ACTIVE",
                "tags": {},
            }}
    raise KeyError(path)


# ---- ECR: JSON ----


def ecr(action, request):
    """Status and answer to a call of ECR."""
    if action == "DescribeRepositories":
        names = [f"team/app-{n:02}" for n in range(REPOSITORIES_EACH)]
        return 200, {"repositories": [{"repositoryName": name} for name in names]}
    if action == "GetRepositoryPolicy":
        number = int(request["repositoryName"].rsplit("-", 1)[1])
        if number % 2:
            return none("RepositoryPolicyNotFoundException")
        statement = {
            "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": PULL,
        }
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return 200, {"repositoryName": request["repositoryName"], "policyText": text}
    if action == "GetRegistryPolicy":
        return none("RegistryPolicyNotFoundException")
    raise KeyError(action)


def none(error):
    return 400, {"__type": error, "message": "There is none."}
