//! What a repository's or a registry's own policy grants a role beyond the standard: a command
//! where it touches nobody else, else what to change, in words.

use serde_json::{Value, json};

use super::narrowing::{is_ecr, narrowed_statement, patterns, statements};
use super::plan::listed;
use super::step::Step;
use crate::arn::RoleArn;
use crate::permissions::PolicyStatement;
use crate::role_policies::RegistryDocument;
use crate::standard::Standard;

/// What one policy of the registry grants beyond the standard.
#[derive(Clone, Debug)]
pub struct Grant<'grant> {
    /// The policy.
    pub document: &'grant RegistryDocument,
    /// The statements of it that grant.
    pub statements: Vec<&'grant PolicyStatement>,
    /// What they grant.
    pub actions: Vec<&'grant str>,
}

impl Grant<'_> {
    /// The step that takes from the role what is beyond the standard, and nothing from anyone
    /// else; otherwise what has to be done by hand.
    pub fn taken_away(&self, role_arn: &RoleArn, standard: Standard) -> Result<Step, String> {
        let Some(repository_name) = &self.document.repository_name else {
            let whose = format!("the registry policy in {}", self.document.region);
            return Err(self.in_words(&whose, role_arn, "covers every repository there"));
        };
        let region = self.document.region.clone();
        let whose = format!("the policy of the repository {repository_name} in {region}");
        let document: Option<Value> = serde_json::from_str(&self.document.document).ok();
        let Some(mut document) = document.filter(Value::is_object) else {
            return Err(self.in_words(&whose, role_arn, "cannot be read"));
        };
        let mut kept = Vec::new();
        for (index, statement) in statements(&document).into_iter().enumerate() {
            if !self.statements.iter().any(|granting| granting.index == index) {
                kept.push(statement);
                continue;
            }
            let others = others(&statement, role_arn)
                .ok_or_else(|| self.in_words(&whose, role_arn, "does not name this role alone"))?;
            let has_wildcard =
                patterns(&statement).is_none_or(|them| !them.iter().all(|it| is_ecr(it)));
            if has_wildcard {
                let why = "names its actions by a wildcard over all services";
                return Err(self.in_words(&whose, role_arn, why));
            }
            let mut of_role = statement.clone();
            of_role["Principal"] = json!({"AWS": role_arn.as_str()});
            if !others.is_null() {
                let mut of_others = statement;
                of_others["Principal"] = others;
                kept.push(of_others);
                // A Sid stands once in a document.
                if let Some(fields) = of_role.as_object_mut() {
                    fields.remove("Sid");
                }
            }
            kept.extend(narrowed_statement(of_role, standard));
        }
        let repository_name = repository_name.clone();
        if kept.is_empty() {
            return Ok(Step::DeleteRepositoryPolicy { region, repository_name });
        }
        document["Statement"] = kept.into();
        Ok(Step::SetRepositoryPolicy { region, repository_name, document: document.to_string() })
    }

    /// `The policy of … grants ecr:PutImage by statement AllowPush, …`.
    fn in_words(&self, whose: &str, role_arn: &RoleArn, why: &str) -> String {
        const MOST: usize = 3;
        let statements: Vec<String> = self
            .statements
            .iter()
            .map(|statement| match &statement.sid {
                Some(sid) => format!("statement {sid}"),
                None => format!("statement [{}]", statement.index),
            })
            .collect();
        let statements = statements.join(" and ");
        let actions = listed(&self.actions, MOST);
        let role_name = role_arn.role_name();
        let mut whose = whose.to_owned();
        if let Some(first) = whose.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        format!(
            "{whose} grants {actions} to {role_name} by {statements}, which {why}, so that a \
             command could take rights from others. Take these actions out of it there, or name in \
             its Principal only those who need them."
        )
    }
}

/// Whom a statement names beside the role, as its Principal; null where it names nobody else. `None`:
/// it does not name the role by its ARN, or names everyone, so that the role cannot be taken out.
fn others(statement: &Value, role_arn: &RoleArn) -> Option<Value> {
    let mut principal = statement.get("Principal")?.as_object()?.clone();
    let names = match principal.remove("AWS")? {
        Value::Array(names) => names,
        name => vec![name],
    };
    let (of_role, of_others): (Vec<Value>, Vec<Value>) =
        names.into_iter().partition(|name| name == role_arn.as_str());
    let is_everyone = |name: &Value| name.as_str().is_none_or(|name| name == "*");
    if of_role.is_empty() || of_others.iter().any(is_everyone) {
        return None;
    }
    if !of_others.is_empty() {
        principal.insert("AWS".to_owned(), of_others.into());
    }
    Some(if principal.is_empty() { Value::Null } else { principal.into() })
}
