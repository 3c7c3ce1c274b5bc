//! Registries whose policies cannot be read: nothing passes that one of these could change, what is
//! too much already stays FAILED, and the operators hear of it once.

use std::collections::BTreeMap;

use async_trait::async_trait;
use change_events::read_batch;
use ecr_audit::arn::RoleArn;
use ecr_audit::error::PortError;
use ecr_audit::journey::{handle, sweep};
use ecr_audit::ports::{Ecr, Ledger, Ports};
use ecr_audit::registries::{RegistryReading, UnreadPolicies};
use ecr_audit::role_policies::RegistryDocument;
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use memory_adapters::{Account, Cluster, MemoryLedger, Nodegroup, Reading, Tags, World};
use serde_json::{Value, json};
use tests::{do_steps, run_of};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const POWER_USER: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser";
const DENIED: &str = "AccessDeniedException: not authorized to perform this action";

/// Two node roles: `workers` can pull, `builders` can push too; and one repository.
fn world() -> World {
    let now: Timestamp = "2026-01-16T10:00:00Z".parse().unwrap();
    let mut account = Account::new(ACCOUNT, "aws");
    account.create_cluster(REGION, "prod", Cluster::default()).unwrap();
    for (name, policy) in [("workers", PULL_ONLY), ("builders", POWER_USER)] {
        let role_arn = RoleArn::parse(&format!("arn:aws:iam::{ACCOUNT}:role/{name}")).unwrap();
        account.create_role(&role_arn, now).unwrap();
        account.attach_role_policy(name, policy).unwrap();
        let nodegroup = Nodegroup { node_role: role_arn, tags: Tags::new() };
        account.create_nodegroup(REGION, "prod", name, nodegroup).unwrap();
    }
    account.create_repository(REGION, "team/app", Tags::new()).unwrap();
    World::new(account, now)
}

fn settings() -> Settings {
    let mut settings = Settings::for_account(ACCOUNT, "aws", "us-east-1");
    settings.regions = vec![REGION.to_owned()];
    settings
}

/// A sweep as the schedule asks for it, with those that make up for its failures.
fn do_sweep(world: &World, ports: &Ports<'_>) {
    world.clock.advance(SignedDuration::from_hours(6));
    world.sweep_requests.ask("the schedule");
    do_steps(world, ports, &world.account, &settings(), false);
}

/// The statuses that Security Hub holds: by role, `read-only` and `can-pull`.
fn statuses(world: &World) -> BTreeMap<String, (String, String)> {
    let mut statuses: BTreeMap<String, (String, String)> = BTreeMap::new();
    for finding in world.findings() {
        let id = finding["Id"].as_str().unwrap().to_owned();
        let status = finding["Compliance"]["Status"].as_str().unwrap().to_owned();
        let name = id.split('/').nth(1).unwrap().to_owned();
        let of_role = statuses.entry(name).or_default();
        if id.ends_with("/read-only") { of_role.0 = status } else { of_role.1 = status }
    }
    statuses
}

fn expected(workers: (&str, &str), builders: (&str, &str)) -> BTreeMap<String, (String, String)> {
    let both = |(one, other): (&str, &str)| (one.to_owned(), other.to_owned());
    [("workers".to_owned(), both(workers)), ("builders".to_owned(), both(builders))].into()
}

fn reasons(world: &World, role: &str) -> String {
    let id = format!("role/{role}/pullwatch/read-only");
    let of_role = |finding: &Value| finding["Id"].as_str().unwrap().ends_with(&id);
    let finding = world.findings().into_iter().find(of_role).unwrap();
    finding.to_string()
}

const NA: &str = "NOT_AVAILABLE";

/// ECR that refuses one repository's policy, while it does.
struct Refusing<'world> {
    world: &'world World,
    refused: &'static str,
}

#[async_trait]
impl Ecr for Refusing<'_> {
    async fn repository_policy(
        &self,
        region: &str,
        repository_name: &str,
        now: Timestamp,
    ) -> Result<Option<RegistryDocument>, PortError> {
        if repository_name == self.refused {
            return Err(PortError::lasting("ecr:GetRepositoryPolicy", DENIED));
        }
        self.world.account.repository_policy(region, repository_name, now).await
    }

    async fn registry_policy(
        &self,
        region: &str,
        now: Timestamp,
    ) -> Result<Option<RegistryDocument>, PortError> {
        self.world.account.registry_policy(region, now).await
    }

    async fn repository_names(&self, region: &str) -> Result<Vec<String>, PortError> {
        self.world.account.repository_names(region).await
    }

    async fn policies(
        &self,
        region: &str,
        now: Timestamp,
    ) -> Result<Vec<RegistryDocument>, PortError> {
        self.world.account.policies(region, now).await
    }
}

#[test]
fn a_registry_that_cannot_be_read_lets_nothing_pass() {
    for reading in
        [Reading::RepositoryPolicies(REGION.to_owned()), Reading::RegistryPolicy(REGION.to_owned())]
    {
        let world = world();
        world.account.change(|account| account.cannot_read(reading.clone(), DENIED));
        block_on(sweep(&world.ports(), &world.account, &settings())).unwrap_err();
        assert_eq!(statuses(&world), expected((NA, NA), ("FAILED", NA)), "{reading:?}");
        let told = reasons(&world, "workers");
        assert!(told.contains(DENIED) && told.contains(REGION), "{told}");
        assert_eq!(world.topics.operators_lines(), [], "the sweep tells of it, not each role");
    }
}

/// The verdict that was had stays, with a note, until the registry can be read again.
#[test]
fn a_registry_that_cannot_be_read_any_more_leaves_the_last_verdict() {
    let world = world();
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    let (workers, builders) = (("PASSED", "PASSED"), ("FAILED", "PASSED"));
    assert_eq!(statuses(&world), expected(workers, builders));
    world.account.change(|account| {
        account.cannot_read(Reading::RepositoryPolicies(REGION.to_owned()), DENIED);
    });
    do_sweep(&world, &world.ports());
    assert_eq!(statuses(&world), expected(workers, builders));
    assert!(reasons(&world, "workers").contains(DENIED));
    assert!(!run_of(&world).is_complete());
    assert_eq!(world.topics.operators_lines(), [], "the sweep tells of it, not each role");
}

#[test]
fn one_repository_that_refuses_is_named_and_the_others_are_read() {
    const PUSH: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"ecr:PutImage"}}"#;
    let world = world();
    world.account.change(|account| {
        account.create_repository(REGION, "team/other", Tags::new()).unwrap();
    });
    let ecr = Refusing { world: &world, refused: "team/app" };
    let ports = Ports { ecr: &ecr, ..world.ports() };
    block_on(sweep(&ports, &world.account, &settings())).unwrap_err();
    // Its policy can grant anything on it, but takes away nothing that every other one gives.
    assert_eq!(statuses(&world), expected((NA, "PASSED"), ("FAILED", "PASSED")));
    let told = reasons(&world, "workers");
    assert!(told.contains("the policy of the repository team/app in eu-west-1"), "{told}");

    world.account.change(|account| {
        account.set_repository_policy(REGION, "team/other", PUSH).unwrap();
    });
    do_sweep(&world, &ports);
    assert_eq!(statuses(&world), expected(("FAILED", "PASSED"), ("FAILED", "PASSED")));

    // It shows its policy again, or is gone: either way nothing is left in the dark.
    let gone = |account: &mut Account| {
        account.delete_repository(REGION, "team/app").unwrap();
        account.delete_repository_policy(REGION, "team/other").unwrap();
    };
    world.account.change(gone);
    do_sweep(&world, &ports);
    assert_eq!(statuses(&world), expected(("PASSED", "PASSED"), ("FAILED", "PASSED")));
    assert_eq!(unread(&world), []);
    assert!(run_of(&world).is_complete());
}

fn unread(world: &World) -> Vec<UnreadPolicies> {
    block_on(world.ledger.registries()).unwrap().unread()
}

/// What is no policy may say anything, to anybody.
#[test]
fn a_policy_that_cannot_be_parsed_touches_everybody() {
    let world = world();
    world.account.change(|account| account.put_registry_policy(REGION, "no JSON at all"));
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap_err();
    assert_eq!(statuses(&world), expected((NA, NA), ("FAILED", NA)));
    let told = reasons(&world, "workers");
    assert!(told.contains("Not a policy: the policy of the registry of eu-west-1"), "{told}");
}

/// A failure that may pass says nothing of a registry: what was known of it stays known.
#[test]
fn a_throttled_registry_stays_as_it_was() {
    struct Throttled<'world>(&'world World);

    #[async_trait]
    impl Ecr for Throttled<'_> {
        async fn repository_policy(
            &self,
            region: &str,
            repository_name: &str,
            now: Timestamp,
        ) -> Result<Option<RegistryDocument>, PortError> {
            self.0.account.repository_policy(region, repository_name, now).await
        }

        async fn registry_policy(
            &self,
            _region: &str,
            _now: Timestamp,
        ) -> Result<Option<RegistryDocument>, PortError> {
            Err(PortError::transient("ecr:GetRegistryPolicy", "ThrottlingException"))
        }

        async fn repository_names(&self, region: &str) -> Result<Vec<String>, PortError> {
            self.0.account.repository_names(region).await
        }

        async fn policies(
            &self,
            region: &str,
            now: Timestamp,
        ) -> Result<Vec<RegistryDocument>, PortError> {
            self.0.account.policies(region, now).await
        }
    }

    let world = world();
    let throttled = Throttled(&world);
    let ports = Ports { ecr: &throttled, ..world.ports() };
    // Never read: nothing passes.
    block_on(sweep(&ports, &world.account, &settings())).unwrap_err();
    assert_eq!(statuses(&world), expected((NA, NA), ("FAILED", NA)));
    // Read once: what it said then still holds.
    world.clock.advance(SignedDuration::from_hours(6));
    block_on(sweep(&world.ports(), &world.account, &settings())).unwrap();
    let all = expected(("PASSED", "PASSED"), ("FAILED", "PASSED"));
    assert_eq!(statuses(&world), all);
    do_sweep(&world, &ports);
    assert_eq!(statuses(&world), all);
    assert!(!reasons(&world, "workers").contains("Throttling"));
}

/// The recorded event, of a nodegroup of this name.
fn hear_of_nodegroup(world: &World, name: &str) {
    let path = format!("{}/../events/eks/CreateNodegroup.json", env!("CARGO_MANIFEST_DIR"));
    let body =
        std::fs::read_to_string(path).unwrap().replace("\"workers\"", &format!("\"{name}\""));
    let records = json!({ "Records": [{ "messageId": "a", "body": body }] });
    let handled =
        block_on(handle(&world.ports(), &settings(), &read_batch(&records, ACCOUNT).arrivals));
    assert!(handled.failed.is_empty() && handled.assessed.len() == 1, "{handled:?}");
}

/// A stack that was just deployed: what is certain is told at once, nothing passes, nobody is
/// disturbed, and the first sweep does not wait for its hour.
#[test]
fn an_event_before_the_first_sweep_asks_for_it() {
    let mut world = world();
    world.ledger = MemoryLedger::default();
    hear_of_nodegroup(&world, "workers");
    hear_of_nodegroup(&world, "builders");
    assert_eq!(statuses(&world), expected((NA, NA), ("FAILED", NA)));
    assert!(reasons(&world, "workers").contains("Not yet read"));
    assert_eq!(world.topics.alerts().len(), 1, "of the role that can push");
    assert_eq!(world.topics.operators_lines(), []);
    do_steps(&world, &world.ports(), &world.account, &settings(), false);
    assert_eq!(statuses(&world), expected(("PASSED", "PASSED"), ("FAILED", "PASSED")));
    assert_eq!((world.topics.alerts().len(), world.topics.operators_lines().len()), (1, 0));

    hear_of_nodegroup(&world, "workers");
    assert_eq!(world.sweep_requests.take(), [], "one first sweep is enough");
}

#[test]
fn a_region_that_the_organization_closes_keeps_nothing_from_passing() {
    const CLOSED: &str = "AccessDeniedException: with an explicit deny in a service control policy";
    let world = world();
    world.account.change(|account| {
        account.put_registry_policy("ap-south-1", "{}");
        let (names, policy) = (
            Reading::RepositoryPolicies("ap-south-1".to_owned()),
            Reading::RegistryPolicy("ap-south-1".to_owned()),
        );
        account.cannot_read(names, CLOSED);
        account.cannot_read(policy, CLOSED);
    });
    let settings = Settings { regions: Vec::new(), ..settings() };
    block_on(sweep(&world.ports(), &world.account, &settings)).unwrap();
    assert_eq!(statuses(&world), expected(("PASSED", "PASSED"), ("FAILED", "PASSED")));
    let registries = block_on(world.ledger.registries()).unwrap();
    assert_eq!(registries.readings["ap-south-1"], RegistryReading::LetGo);
    assert_eq!(registries.readings[REGION], RegistryReading::Read);
}
