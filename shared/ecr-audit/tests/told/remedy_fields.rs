//! The remedy in a finding: what a triager without the owner's mail can do.

use serde_json::{Value, json};

use crate::account::{Account, Told, aws_managed, customer_managed, inline};
use crate::story::{ROLE, clean, grants};

fn fields(told: &Told) -> &Value {
    let mut findings = told.findings.iter();
    let finding = findings.find(|finding| finding["GeneratorId"] == "pullwatch/read-only");
    &finding.expect("the finding is told")["ProductFields"]
}

/// The fields `pullwatch/Remedy/00`, …, one after another.
fn remedy(told: &Told) -> Vec<&str> {
    let fields = fields(told).as_object().unwrap();
    let of_remedy = fields.iter().filter(|(name, _)| name.starts_with("pullwatch/Remedy/"));
    of_remedy.map(|(_, value)| value.as_str().unwrap()).collect()
}

#[test]
fn a_finding_that_fails_has_the_commands_of_the_mail() {
    let mut account = clean(ROLE);
    account.put(customer_managed("NodeEcr", "v4", &grants("Push", &["ecr:PutImage"], "*")));
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    assert_eq!(
        remedy(&told),
        ["aws iam detach-role-policy --role-name prod-workers --policy-arn \
          arn:aws:iam::111122223333:policy/NodeEcr"]
    );
    assert_eq!(
        fields(&told)["pullwatch/RemedyChecked"],
        told.alerts[0].remedy.as_ref().unwrap().checked
    );
    assert!(fields(&told)["pullwatch/RemedyAdvice"].as_str().unwrap().contains("Terraform"));

    account.role.identity.pop();
    let told = account.look("2026-01-16T10:00:00Z", "id-2", &[]);
    assert_eq!(remedy(&told), Vec::<&str>::new());
    assert!(fields(&told).get("pullwatch/RemedyAdvice").is_none());
}

#[test]
fn where_there_is_no_safe_command_the_finding_says_why() {
    let mut account = clean(ROLE);
    account.put(aws_managed("AmazonEC2ContainerRegistryFullAccess"));
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let remedy = remedy(&told);
    assert_eq!(remedy.len(), 1);
    assert!(remedy[0].starts_with("There is no safe command. "), "{}", remedy[0]);
}

/// A policy that grants other services too, so that it gets a new document, of about this size.
fn long(name: &str, size: usize) -> ecr_audit::role_policies::RolePolicy {
    let others: Vec<String> =
        (0..size / 30).map(|number| format!("s3:GetObject{number:015}")).collect();
    let actions: Vec<&str> = others.iter().map(String::as_str).chain(["ecr:PutImage"]).collect();
    inline(name, &grants("Many", &actions, "*"))
}

#[test]
fn a_long_command_goes_on_in_the_next_field() {
    let mut account: Account = clean(ROLE);
    account.put(long("first", 5000));
    account.put(long("second", 3000));
    let told = account.look("2026-01-15T10:00:00Z", "id-1", &[]);
    let pieces = remedy(&told);
    assert!(pieces.len() > 4, "{pieces:?}");
    assert!(pieces.iter().all(|piece| piece.len() <= 2048 && piece.trim() == *piece));
    let commands = &told.alerts[0].remedy.as_ref().unwrap().commands;
    assert_eq!(commands.len(), 2);
    // The second does not run where the first has failed.
    assert_eq!(pieces.concat(), commands.join(" &&"));
    let begins = pieces.iter().filter(|piece| piece.starts_with("aws iam "));
    assert_eq!(begins.count(), 2);
}

/// A role with twenty inline policies, each about as long and too wide.
fn of_twenty(length: usize) -> Told {
    let mut account: Account = clean(ROLE);
    for number in 0..20 {
        account.put(long(&format!("policy-{number}"), length));
    }
    account.look("2026-01-15T10:00:00Z", "id-1", &[])
}

#[test]
fn what_no_finding_has_room_for_is_said() {
    for (length, sent, why) in [
        (500, 20, "The 20 commands are too long for a finding."),
        (2500, 0, "The 20 commands are too long to be sent."),
    ] {
        let told = of_twenty(length);
        let commands = told.alerts[0].remedy.as_ref().unwrap().commands.len();
        assert_eq!((remedy(&told), commands), (Vec::new(), sent), "{why}");
        let advice = fields(&told)["pullwatch/RemedyAdvice"].as_str().unwrap();
        assert!(advice.starts_with(why), "{advice}");
        assert!(fields(&told).as_object().unwrap().len() <= 50);
        assert_eq!(fields(&told)["pullwatch/Check"], json!("read-only"));
    }
}
