//! The ports over an account: they show what the calls changed, and say so where they cannot.

use ecr_audit::arn::{RoleArn, RoleName};
use ecr_audit::error::PortError;
use ecr_audit::node_role::{Compute, Source, UseKind};
use ecr_audit::ports::{Ec2, Ecr, Eks, Iam};
use futures::FutureExt;
use jiff::Timestamp;
use memory_adapters::{AccessEntry, Account, AccountError, Cluster, MemoryAccount, Reading, Tags};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const READ_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";
const OWN: &str = "arn:aws:iam::111122223333:policy/Own";

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("memory answers at once")
}

fn role_arn() -> RoleArn {
    RoleArn::parse("arn:aws:iam::111122223333:role/eks/workers").unwrap()
}

fn account() -> Account {
    let mut account = Account::new("111122223333", "aws");
    account.create_role(&role_arn(), NOW).unwrap();
    account.create_policy(OWN, "{}").unwrap();
    account
}

#[test]
fn a_role_shows_its_policies_managed_first_with_their_default_versions() {
    let mut account = account();
    account.put_role_policy("workers", "inline", "[]").unwrap();
    account.attach_role_policy("WORKERS", OWN).unwrap();
    account.attach_role_policy("workers", READ_ONLY).unwrap();
    account.attach_role_policy("workers", OWN).unwrap();
    assert_eq!(account.create_policy_version(OWN, "{\"2\":2}", false).unwrap(), "v2");
    assert_eq!(account.create_policy_version(OWN, "{\"3\":3}", true).unwrap(), "v3");
    let memory = MemoryAccount::new(account);
    let role = now(memory.role(&RoleName::new("Workers"))).unwrap().unwrap();
    let told: Vec<_> = role
        .identity
        .iter()
        .map(|policy| (policy.policy.as_str(), policy.version.as_deref().unwrap_or("")))
        .collect();
    assert_eq!(told, [(OWN, "v3"), (READ_ONLY, "v3"), ("inline:inline", "")]);
    assert_eq!(role.identity[0].document.as_deref(), Some("{\"3\":3}"));
    memory.change(|account| account.set_default_policy_version(OWN, "v2")).unwrap();
    let role = now(memory.role(&RoleName::new("workers"))).unwrap().unwrap();
    assert_eq!(role.identity[0].document.as_deref(), Some("{\"2\":2}"));
    assert_eq!(now(memory.roles_with_policy(OWN)).unwrap(), [RoleName::new("workers")]);
}

#[test]
fn calls_that_aws_would_refuse_are_refused() {
    let mut account = account();
    let missing = AccountError::NoSuchEntity("nobody".to_owned());
    assert_eq!(account.attach_role_policy("nobody", OWN), Err(missing));
    assert!(account.attach_role_policy("workers", "arn:aws:iam::aws:policy/Nothing").is_err());
    assert!(account.create_role(&role_arn(), NOW).is_err());
    account.put_role_permissions_boundary("workers", OWN).unwrap();
    assert_eq!(account.delete_policy(OWN), Err(AccountError::DeleteConflict(OWN.to_owned())));
    account.delete_role_permissions_boundary("workers").unwrap();
    account.delete_policy(OWN).unwrap();
}

#[test]
fn a_role_created_anew_has_another_id() {
    let memory = MemoryAccount::new(account());
    let id = || now(memory.role(&RoleName::new("workers"))).unwrap().map(|role| role.role_id);
    let first = id().unwrap();
    memory.change(|account| account.delete_role("workers")).unwrap();
    assert_eq!(id(), None);
    memory.change(|account| account.create_role(&role_arn(), NOW)).unwrap();
    assert_ne!(id().unwrap(), first);
}

#[test]
fn only_access_entries_of_a_node_type_are_uses() {
    let mut account = account();
    account.create_cluster("eu-west-1", "prod", Cluster::default()).unwrap();
    let types = [
        ("EC2_LINUX", Some(Compute::Ec2)),
        ("HYBRID_LINUX", Some(Compute::Hybrid)),
        ("FARGATE_LINUX", Some(Compute::Fargate)),
        ("STANDARD", None),
    ];
    for (entry_type, compute) in types {
        let entry = AccessEntry { entry_type: entry_type.to_owned(), tags: Tags::new() };
        let principal = role_arn().to_string();
        account.create_access_entry("eu-west-1", "prod", &principal, entry).unwrap();
        let memory = MemoryAccount::new(account.clone());
        let listing = now(memory.uses("eu-west-1", NOW));
        let seen = listing.sightings.first().map(|sighting| sighting.seen.compute);
        assert_eq!(seen, compute, "{entry_type}");
        assert_eq!(listing.complete.len(), 4);
        account.delete_access_entry("eu-west-1", "prod", &principal).unwrap();
    }
}

#[test]
fn instances_and_profiles_lead_to_their_clusters_until_they_are_gone() {
    let mut account = account();
    let tags = Tags::from([("kubernetes.io/cluster/prod".to_owned(), "owned".to_owned())]);
    account.create_instance_profile("nodes", "/eks/", tags.clone()).unwrap();
    account.add_role_to_instance_profile("nodes", "workers").unwrap();
    let profile_arn = "arn:aws:iam::111122223333:instance-profile/eks/nodes";
    let instance = account.run_instance("eu-west-1", Some(profile_arn), tags);
    let memory = MemoryAccount::new(account);
    let found = now(memory.cluster_instances("eu-west-1")).unwrap();
    assert_eq!((&*found[0].cluster_name, &*found[0].instance_profile_arn), ("prod", profile_arn));
    let uses = || now(memory.instance_profiles()).unwrap()[0].uses();
    assert_eq!(uses()[0].0, role_arn());
    memory.change(|account| account.terminate_instance("eu-west-1", &instance)).unwrap();
    assert_eq!(now(memory.cluster_instances("eu-west-1")).unwrap(), []);
    memory
        .change(|account| account.untag_instance_profile("nodes", "kubernetes.io/cluster/prod"))
        .unwrap();
    assert_eq!(uses(), []);
}

#[test]
fn a_registry_policy_has_a_scope() {
    let mut account = account();
    account.create_repository("eu-west-1", "team/payments", Tags::new()).unwrap();
    account.set_repository_policy("eu-west-1", "team/payments", "{}").unwrap();
    account.put_registry_policy("eu-west-1", "{}");
    account.put_registry_policy_scope("eu-west-1", "V1");
    let memory = MemoryAccount::new(account);
    let documents = now(memory.policies("eu-west-1", NOW)).unwrap();
    let told: Vec<_> = documents
        .iter()
        .map(|document| (document.repository_name.as_deref(), document.covers_all_actions))
        .collect();
    assert_eq!(told, [(Some("team/payments"), Some(true)), (None, Some(false))]);
    assert_eq!(now(memory.policies("us-east-1", NOW)).unwrap(), []);
    memory.change(|account| account.delete_registry_policy("eu-west-1"));
    assert_eq!(now(memory.registry_policy("eu-west-1", NOW)).unwrap(), None);
}

#[test]
fn a_gap_is_an_answer_of_its_own_and_never_nothing() {
    let mut account = account();
    let nodegroups = Source::regional(UseKind::Nodegroup, "eu-west-1");
    let instances = Source::regional(UseKind::Instance, "eu-west-1");
    account.cannot_read(Reading::Roles, "denied");
    account.cannot_read(Reading::Uses(nodegroups.clone()), "denied");
    account.cannot_read(Reading::Uses(instances), "denied");
    account.cannot_read(Reading::RepositoryPolicies("eu-west-1".to_owned()), "denied");
    let memory = MemoryAccount::new(account);
    // What is known already stays known.
    assert!(now(memory.role(&RoleName::new("workers"))).unwrap().is_some());
    let is_lasting = |error: Option<PortError>| {
        assert!(matches!(error, Some(PortError::Lasting { .. })), "{error:?}");
    };
    is_lasting(now(memory.role(&RoleName::new("other"))).err());
    is_lasting(now(memory.roles_with_policy(OWN)).err());
    is_lasting(now(memory.nodegroup("eu-west-1", "prod", "workers")).err());
    is_lasting(now(memory.cluster_instances("eu-west-1")).err());
    is_lasting(now(memory.policies("eu-west-1", NOW)).err());
    let listing = now(memory.uses("eu-west-1", NOW));
    assert!(listing.incomplete.contains_key(&nodegroups));
    assert!(!listing.complete.contains(&nodegroups));
    assert_eq!(listing.complete.len(), 3);
}
