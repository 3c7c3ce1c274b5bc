//! Names of actions that no catalogue entry has, one for each way in which the policies can tell
//! them apart: an action that AWS adds tomorrow is granted by `ecr:*`, not by a list.

use iam_policy::decision::PolicySet;
use iam_policy::document::Effect;
use iam_policy::effective::Budget;
use iam_policy::effective::actions::action_names;

use crate::catalogue::Catalogue;

/// Names that begin so count as reads.
const READ_PREFIXES: [&str; 5] = ["Get*", "List*", "Describe*", "BatchGet*", "BatchCheck*"];

/// A name that stands for unknown ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnknownAction {
    /// The name without its service.
    pub text: String,
    /// Whether it counts as a read.
    pub is_read: bool,
}

/// Whether any statement that grants is about actions of the service beyond those that are known.
pub fn allows_unknown(policies: &PolicySet, service: &str) -> bool {
    let resource = policies.resource.iter().map(|resource| &resource.policy);
    let statements = policies
        .identity
        .iter()
        .chain(resource)
        .flat_map(|policy| &policy.document.statements)
        .filter(|statement| statement.effect == Effect::Allow);
    let is_known = |name: &str| {
        Catalogue::embedded().names(service).any(|known| known.eq_ignore_ascii_case(name))
    };
    let mut elements = statements.map(|statement| &statement.action);
    elements.any(|element| {
        element.is_not
            || element.patterns.iter().any(|pattern| {
                let is_name = |(_, name): (&str, &str)| is_known(name);
                pattern.is_of(service) && !pattern.as_str().split_once(':').is_some_and(is_name)
            })
    })
}

/// The names to try for one service. True: there are more ways than were followed.
pub fn unknown_actions(
    policies: &PolicySet,
    service: &str,
    budget: &Budget,
) -> (Vec<UnknownAction>, bool) {
    let known = Catalogue::embedded().names(service);
    let found = action_names(policies, service, &READ_PREFIXES, known, budget);
    let unknown =
        found.names.into_iter().map(|text| UnknownAction { is_read: is_read(&text), text });
    (unknown.collect(), found.is_bound)
}

/// Whether a name that no catalogue entry has, or its beginning, counts as that of a read.
pub fn is_read(name: &str) -> bool {
    READ_PREFIXES.iter().any(|prefix| {
        let prefix = prefix.trim_end_matches('*');
        name.get(..prefix.len()).is_some_and(|begun| begun.eq_ignore_ascii_case(prefix))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use iam_policy::action::ActionName;
    use iam_policy::decision::NamedPolicy;
    use iam_policy::document::PolicyDocument;

    use super::*;

    fn granted(action: &str) -> Vec<bool> {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#
        );
        let document = Arc::new(PolicyDocument::parse(&text).unwrap());
        let policy = NamedPolicy { name: "inline:test".to_owned(), document };
        let policies = PolicySet { identity: vec![policy], ..PolicySet::default() };
        let (names, is_bound) = unknown_actions(&policies, "ecr", &Budget::new());
        assert!(!is_bound);
        let statement = &policies.identity[0].document.statements[0];
        let meets = |name: &UnknownAction| {
            let name = format!("ecr:{}", name.text);
            iam_policy::statement::meets_action(statement, &ActionName::new(&name))
        };
        let mut granted: Vec<bool> =
            names.iter().filter(|name| meets(name)).map(|name| name.is_read).collect();
        granted.sort_unstable();
        granted.dedup();
        granted
    }

    #[test]
    fn a_pattern_grants_what_nobody_knows_and_a_name_does_not() {
        for (action, of_reads) in [
            ("ecr:*", &[false, true][..]),
            ("*", &[false, true]),
            ("ecr:Get*", &[true]),
            ("ecr:*Image", &[false, true]),
            ("ecr:Put*", &[false]),
            ("ecr:PutImage?", &[false]),
            ("ecr:PutImage*", &[false]),
            ("ecr:GetLifecyclePolicy*", &[true]),
            ("ecr:PutImage", &[]),
            ("ecr:putimage", &[]),
            ("ecr:BatchCheckLayerAvailability", &[]),
            ("s3:*", &[]),
        ] {
            assert_eq!(granted(action), of_reads, "{action}");
        }
    }
}
