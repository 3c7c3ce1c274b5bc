//! Effective permissions -> both checks. What is too much is an upper bound, what is enough to
//! pull a lower one; what cannot be read is NOT_AVAILABLE.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::as_far_as_known::as_far_as_known;
use crate::assessment::{
    Assessment, CheckResult, Excess, Fingerprint, FingerprintElement, RoleFacts,
};
use crate::beyond::{beyond, bounds};
use crate::dates_ahead::dates_ahead;
use crate::dates_named::DateEvent;
use crate::effective::effective;
use crate::missing_action::{MissingAction, sentences};
use crate::node_role::Use;
use crate::organization::OrganizationPolicies;
use crate::permissions::{Access, EffectivePermissions, Scope, TogetherPermission};
use crate::registries::UnreadPolicies;
use crate::role_policies::{RegistryDocument, RolePolicies};
use crate::settings::Settings;
use crate::standard::{Check, Severity, Standard, Status};

/// Everything that an answer about one role rests on.
#[derive(Clone, Copy, Debug)]
pub struct RoleState<'state> {
    /// The role, as IAM holds it.
    pub role: &'state RolePolicies,
    /// Why it is a node role.
    pub uses: &'state [Use],
    /// Repository and registry policies that may touch it.
    pub registry: &'state [RegistryDocument],
    /// Those that are not known.
    pub unread: &'state [UnreadPolicies],
    /// The organization's policies, where they are given.
    pub organization: &'state OrganizationPolicies,
    /// When the answer is to hold: a node's request is made at this instant.
    pub now: Timestamp,
}

impl RoleState<'_> {
    /// Every document that bears on the role: its own policies, its boundary, those of its registry
    /// and its organization.
    pub(crate) fn documents(&self) -> impl Iterator<Item = &str> {
        let Self { role, registry, organization, .. } = self;
        let own = role.identity.iter().chain(&role.boundary);
        let own = own.filter_map(|policy| policy.document.as_deref());
        let of_registry = registry.iter().map(|known| known.document.as_str());
        let by_level = organization.scps.iter().chain(&organization.rcps).flatten();
        own.chain(of_registry).chain(by_level.map(|known| known.document.as_str()))
    }
}

/// The actions that a pull needs, as the finding names them.
pub const PULL_ACTIONS: [&str; 3] =
    ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// The action that C-0223 lists besides, and that only pushing needs.
pub const LAYER_CHECK: &str = "ecr:BatchCheckLayerAvailability";

/// Answers both checks for one role, and notes what dates to come make of the answers.
pub fn assess(state: &RoleState<'_>, settings: &Settings) -> Assessment {
    let (mut assessment, dates) = assess_with_dates(state, settings);
    let as_of = |then| assess_as_of_now(&RoleState { now: then, ..*state }, settings).checks;
    for (check, notes) in dates_ahead(&dates, &assessment.checks, as_of) {
        if let Some(result) = assessment.checks.get_mut(&check) {
            result.notes.extend(notes);
        }
    }
    assessment
}

/// The same without a word of dates to come, for whoever asks about verdicts alone.
pub fn assess_as_of_now(state: &RoleState<'_>, settings: &Settings) -> Assessment {
    assess_with_dates(state, settings).0
}

/// The answers, with the dates to come that conditions name.
fn assess_with_dates(
    state: &RoleState<'_>,
    settings: &Settings,
) -> (Assessment, BTreeMap<Timestamp, DateEvent>) {
    let role = RoleFacts {
        arn: state.role.role_arn.clone(),
        role_id: state.role.role_id.clone(),
        tags: state.role.tags.clone(),
        policies: state
            .role
            .identity
            .iter()
            .map(|policy| (policy.policy.clone(), policy.version.clone()))
            .collect(),
        boundary: state.role.boundary.as_ref().map(|boundary| boundary.policy.clone()),
    };
    let standard = settings.standard;
    let mut dates = BTreeMap::new();
    let (checks, lacks_registries) = match effective(state, settings) {
        Ok(mut permissions) => {
            dates = std::mem::take(&mut permissions.dates_ahead);
            let checks = [read_only(&permissions, standard), can_pull(&permissions, standard)]
                .map(|result| as_far_as_known(result, &permissions))
                .map(|result| (result.fingerprint.check, result));
            (checks.into(), !permissions.unread.is_empty())
        }
        Err(reason) => {
            let none = |check| (check, CheckResult::not_available(check, standard, &reason));
            (Check::ALL.map(none).into(), false)
        }
    };
    (Assessment { role, standard, checks, lacks_registries }, dates)
}

/// May the role do no more than the standard permits?
fn read_only(permissions: &EffectivePermissions, standard: Standard) -> CheckResult {
    let found = beyond(permissions, standard);
    let reasons = bounds(&found);
    let excess: Vec<Excess> = found.into_iter().map(|beyond| beyond.excess).collect();
    let standards = Standard::ALL
        .map(|standard| {
            let is_clean = beyond(permissions, standard).is_empty();
            (standard, if is_clean { Status::Passed } else { Status::Failed })
        })
        .into();
    let mut notes = permissions.notes.clone();
    let stricter: Vec<String> = beyond(permissions, Standard::C0223)
        .into_iter()
        .map(|beyond| beyond.excess.action)
        .filter(|action| !excess.iter().any(|told| told.action == *action))
        .collect();
    if !stricter.is_empty() {
        notes.push(format!(
            "Beyond the four actions of C-0223, but permitted by the {standard} standard: {}.",
            stricter.join(", ")
        ));
    }
    CheckResult {
        status: if excess.is_empty() { Status::Passed } else { Status::Failed },
        severity: excess
            .iter()
            .map(|excess| excess.severity)
            .max()
            .unwrap_or(Severity::Informational),
        fingerprint: Fingerprint {
            check: Check::ReadOnly,
            standard,
            elements: excess
                .iter()
                .map(|excess| FingerprintElement {
                    action: excess.action.clone(),
                    access: excess.access,
                    scope: excess.scope,
                })
                .collect(),
        },
        reasons,
        excess,
        missing: Vec::new(),
        standards,
        notes,
    }
}

/// May the role do no less than pulling needs?
fn can_pull(permissions: &EffectivePermissions, standard: Standard) -> CheckResult {
    let status_under = |standard: Standard| match granted_under(standard, permissions).access {
        Access::Allowed => Status::Passed,
        Access::Conditional => Status::Warning,
        Access::Denied => Status::Failed,
    };
    let granted = granted_under(standard, permissions);
    let status = status_under(standard);
    let lacked = &permissions.pull.missing;
    let is_needed = |action: &str| {
        PULL_ACTIONS.contains(&action) || standard == Standard::C0223 && action == LAYER_CHECK
    };
    let mut missing: Vec<MissingAction> = Vec::new();
    let mut notes = Vec::new();
    if status != Status::Passed {
        missing.extend(lacked.iter().filter(|known| is_needed(&known.action)).cloned());
    }
    let is_lacked = lacked.iter().any(|known| known.action == LAYER_CHECK);
    let is_uncertain = permissions.pull.c0223.access < granted.access;
    if !is_needed(LAYER_CHECK) && (is_lacked || is_uncertain) {
        let is = if is_lacked { "missing" } else { "not granted for certain where images are" };
        notes.push(format!("{LAYER_CHECK} is {is}. C-0223 lists it, but only pushing needs it."));
    }
    notes.extend(confined_to(granted));
    notes.extend(permissions.pull.notes.iter().cloned());
    let mut reasons = Vec::new();
    if status != Status::Passed {
        reasons.clone_from(&granted.because);
        reasons.extend(sentences(&missing));
    }
    let elements = match status {
        Status::Failed if missing.is_empty() => {
            BTreeSet::from([element("ecr:pull", Access::Denied)])
        }
        Status::Failed => {
            missing.iter().map(|known| element(&known.action, Access::Denied)).collect()
        }
        Status::Warning => BTreeSet::from([element("ecr:pull", Access::Conditional)]),
        Status::Passed | Status::NotAvailable => BTreeSet::new(),
    };
    CheckResult {
        status,
        severity: match status {
            Status::Failed => Severity::Medium,
            Status::Warning => Severity::Low,
            Status::Passed | Status::NotAvailable => Severity::Informational,
        },
        fingerprint: Fingerprint { check: Check::CanPull, standard, elements },
        excess: Vec::new(),
        missing,
        standards: Standard::ALL.map(|standard| (standard, status_under(standard))).into(),
        reasons,
        notes,
    }
}

/// That not every repository can be pulled from, or no more than certain ones.
fn confined_to(granted: &TogetherPermission) -> Option<String> {
    let how = match (granted.scope, granted.access) {
        (Scope::EveryRepository, _) | (_, Access::Denied) => return None,
        (Scope::NamedRepositories, Access::Conditional) => "At most",
        (Scope::NamedRepositories, Access::Allowed) => "Only",
    };
    let such_as = granted.repository.as_ref().map(|shown| format!(", such as {shown}"));
    let such_as = such_as.unwrap_or_default();
    Some(format!("{how} certain repositories can be pulled from{such_as}."))
}

/// What has to be granted on one repository under a standard.
pub fn granted_under(
    standard: Standard,
    permissions: &EffectivePermissions,
) -> &TogetherPermission {
    match standard {
        Standard::C0223 => &permissions.pull.c0223,
        Standard::ReadOnly | Standard::PullOnly => &permissions.pull.granted,
    }
}

fn element(action: &str, access: Access) -> FingerprintElement {
    FingerprintElement { action: action.to_owned(), access, scope: Scope::EveryRepository }
}
