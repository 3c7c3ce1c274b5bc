//! What the policies of a role say of ECR that can have no effect, such as a token granted on a
//! repository. Told beside an answer, and never part of it.

use std::sync::Arc;

use iam_policy::action::ActionName;
use iam_policy::decision::PolicySet;
use iam_policy::effective::Possible;
use iam_policy::notes::{Service, notes};

use crate::assess::RoleState;
use crate::catalogue::{Catalogue, SERVICES};
use crate::places::begun;
use crate::repository_names::AccountsAndNames;
use crate::settings::Settings;

/// Tells it of the role's own policies, its boundary and the policies of its registry, a sentence
/// each, after the policy's name.
pub fn policy_notes(state: &RoleState<'_>, settings: &Settings, set: &PolicySet) -> Vec<String> {
    let own = set.identity.iter().chain(&set.boundary);
    let mut policies: Vec<_> = own.chain(set.resource.iter().map(|on| &on.policy)).collect();
    // The policy of a registry can stand in more than one place.
    policies.dedup_by(|one, other| Arc::ptr_eq(&one.document, &other.document));
    let mut told = Vec::new();
    for prefix in SERVICES {
        let begins = format!("{prefix}:");
        let entries = Catalogue::embedded().actions.iter();
        let actions: Vec<(ActionName<'_>, bool)> = entries
            .filter(|entry| entry.action.starts_with(&begins))
            .map(|entry| (ActionName::new(&entry.action), entry.takes_resource))
            .collect();
        let places = begun(state, settings, prefix);
        let resources = Possible::new(&places, &AccountsAndNames);
        let service = Service { prefix, actions: &actions, resources: &resources };
        for policy in &policies {
            let notes = notes(&policy.document, &service);
            told.extend(notes.into_iter().map(|note| format!("{}: {note}", policy.name)));
        }
    }
    told
}
