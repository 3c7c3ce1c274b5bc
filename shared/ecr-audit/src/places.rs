//! Where the repositories of a request may lie: the ranges that the engine is handed.
//!
//! A repository may be any account's. The own account comes first, then those that are known to
//! admit the role, then one for each way in which the policies can tell other accounts apart.

use iam_policy::context::{Context, ContextValue};
use iam_policy::decision::PolicySet;
use iam_policy::effective::accounts::{Surroundings, accounts};
use iam_policy::effective::resources::Place;
use iam_policy::effective::{Consent, Knowledge};

use crate::add_on_registries::add_on_registry;
use crate::assess::RoleState;
use crate::regions::regions;
use crate::settings::Settings;

/// An account that no policy has reason to name: it stands for every account that the policies do
/// not tell from it.
const SOME_ACCOUNT: &str = "210987654321";

/// What an account's digits are followed by in a repository's ARN.
const BEHIND_ACCOUNT: &str = ":repository/";

/// Where the public registry is called.
const PUBLIC_REGION: &str = "us-east-1";

/// Where the repositories of one service may lie.
#[derive(Clone, Debug)]
pub struct Places {
    /// For any action, the preferred first.
    pub of_any: Vec<Place>,
    /// For the calls of a pull, which AWS's own registries of add-ons admit too.
    pub of_pulls: Vec<Place>,
    /// Whether the policies tell more accounts apart than were followed.
    pub are_cut: bool,
}

impl Places {
    /// Where repositories of `service` may lie: regions with clusters first, then the home region,
    /// then the others by name.
    pub fn of(
        state: &RoleState<'_>,
        settings: &Settings,
        policies: &PolicySet,
        knowledge: &Knowledge,
        service: &str,
    ) -> Self {
        let own = state.role.role_arn.account();
        let regions = called(state, settings, service);
        let surroundings = Surroundings {
            before: regions.iter().map(|region| region.before.clone()).collect(),
            behind: BEHIND_ACCOUNT.to_owned(),
        };
        let named = known_accounts(knowledge);
        let apart: Vec<&str> = named.iter().map(String::as_str).chain([own]).collect();
        let others = accounts(policies, knowledge, &surroundings, &apart, SOME_ACCOUNT);
        let given: Vec<&str> = settings
            .registry_accounts
            .iter()
            .map(String::as_str)
            .filter(|account| *account != own)
            .collect();
        let is_other = |account: &str| account != own && !given.contains(&account);
        let in_regions = |account: &str, consent| -> Vec<Place> {
            regions.iter().map(|region| region.place(account, consent)).collect()
        };
        let mut admitted = in_regions(own, Consent::Own);
        admitted.extend(given.iter().flat_map(|account| in_regions(account, Consent::Given)));
        let ids = others.ids.iter().filter(|account| is_other(account));
        let others_in: Vec<Place> =
            ids.flat_map(|account| in_regions(account, Consent::Unknown)).collect();
        let add_ons: Vec<Place> = if service == "ecr" {
            regions.iter().filter_map(Called::add_ons).collect()
        } else {
            Vec::new()
        };
        let of_pulls = [&admitted[..], &add_ons, &others_in].concat();
        Self { of_any: [admitted, others_in].concat(), of_pulls, are_cut: others.is_cut }
    }
}

/// AWS's own registry of add-ons in one region, where there is one.
pub fn add_ons(state: &RoleState<'_>, region: &str) -> Option<Place> {
    Called::new(state, "ecr", region).add_ons()
}

/// The places as far as they are the same whatever the account: what an ARN begins with, up to the
/// account.
pub fn begun(state: &RoleState<'_>, settings: &Settings, service: &str) -> Vec<Place> {
    let called = called(state, settings, service).into_iter();
    called
        .map(|region| Place {
            prefix: region.before,
            known: Context::new(),
            consent: Consent::Unknown,
        })
        .collect()
}

/// A region in which a service is called.
struct Called {
    name: String,
    /// What the ARNs of its repositories begin with, up to the account.
    before: String,
}

fn called(state: &RoleState<'_>, settings: &Settings, service: &str) -> Vec<Called> {
    if service == "ecr-public" {
        return vec![Called::new(state, service, PUBLIC_REGION)];
    }
    let regions = regions(state, settings).into_iter();
    regions.map(|region| Called::new(state, service, &region)).collect()
}

impl Called {
    fn new(state: &RoleState<'_>, service: &str, region: &str) -> Self {
        let partition = state.role.role_arn.partition();
        // The ARN of a public repository has no region.
        let in_arn = if service == "ecr-public" { "" } else { region };
        let before = format!("arn:{partition}:{service}:{in_arn}:");
        Self { name: region.to_owned(), before }
    }

    fn add_ons(&self) -> Option<Place> {
        Some(self.place(add_on_registry(&self.name)?, Consent::Given))
    }

    fn place(&self, account: &str, consent: Consent) -> Place {
        let mut known = Context::new();
        known.set_single("aws:RequestedRegion", &self.name);
        known.set_single("aws:ResourceAccount", account);
        Place { prefix: format!("{}{account}{BEHIND_ACCOUNT}", self.before), known, consent }
    }
}

/// Every account that stands in what is known of a request, such as in a tag: a condition may
/// compare it with the resource's.
fn known_accounts(knowledge: &Knowledge) -> Vec<String> {
    let mut accounts = Vec::new();
    for (_, value) in knowledge.known.keys() {
        let ContextValue::Single(text) = value else { continue };
        let digits = text.split(|letter: char| !letter.is_ascii_digit());
        for account in digits.filter(|digits| digits.len() == 12) {
            if !accounts.iter().any(|known| known == account) {
                accounts.push(account.to_owned());
            }
        }
    }
    accounts
}
