//! Security Hub's own rules, which its double keeps: what is ignored in silence, and what becomes
//! of a workflow.

use ecr_audit::arn::RoleArn;
use ecr_audit::asff::finding_id;
use ecr_audit::assessment::{CheckResult, RoleFacts};
use ecr_audit::error::PortError;
use ecr_audit::finding::{Finding, Held, Place, RecordState};
use ecr_audit::occasion::Occasion;
use ecr_audit::ports::{ImportOutcome, SecurityHub};
use ecr_audit::standard::{Check, Standard, Status};
use futures::FutureExt;
use jiff::Timestamp;
use memory_adapters::MemorySecurityHub;

fn now<T>(future: impl Future<Output = Result<T, PortError>>) -> Result<T, PortError> {
    future.now_or_never().expect("memory answers at once")
}

fn role_arn() -> RoleArn {
    RoleArn::parse("arn:aws:iam::111122223333:role/workers").unwrap()
}

fn id() -> String {
    finding_id(&role_arn(), Check::ReadOnly)
}

/// A finding of a status at a second.
fn finding(status: Status, second: i64) -> Finding {
    let (check, standard) = (Check::ReadOnly, Standard::ReadOnly);
    let place = Place {
        partition: "aws".to_owned(),
        account: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
    };
    Finding {
        place,
        check,
        standard,
        role: RoleFacts::unread(&role_arn(), None),
        uses: Vec::new(),
        owners: Vec::new(),
        result: CheckResult { status, ..CheckResult::not_available(check, standard, "denied") },
        not_available: None,
        remedy: None,
        record_state: RecordState::Active,
        changes: Vec::new(),
        occasion: Occasion::default(),
        role_created_anew: false,
        is_organization_considered: false,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::from_second(second).unwrap(),
    }
}

fn archived(status: Status, second: i64) -> Finding {
    Finding { record_state: RecordState::Archived, ..finding(status, second) }
}

fn import(hub: &MemorySecurityHub, finding: &Finding) {
    let outcomes = now(hub.import(std::slice::from_ref(finding))).unwrap();
    assert_eq!(outcomes, [ImportOutcome::Imported]);
}

fn workflow(hub: &MemorySecurityHub) -> String {
    hub.findings().pop().unwrap().workflow_status
}

#[test]
fn an_import_that_is_not_newer_is_ignored_in_silence() {
    let hub = MemorySecurityHub::default();
    import(&hub, &finding(Status::Passed, 10));
    import(&hub, &finding(Status::Failed, 10));
    import(&hub, &finding(Status::Failed, 9));
    assert_eq!(now(hub.read_back(&[id()])).unwrap()[0].compliance, Held::Known(Status::Passed));
    import(&hub, &finding(Status::Failed, 11));
    let held = now(hub.read_back(&[id(), "another".to_owned()])).unwrap();
    assert_eq!((held.len(), &held[0].compliance), (1, &Held::Known(Status::Failed)));
    let effects: Vec<bool> = hub.imports().iter().map(|import| import.took_effect).collect();
    assert_eq!(effects, [true, false, false, true]);
}

#[test]
fn a_settled_workflow_opens_again_when_a_finding_stops_passing_or_comes_back() {
    for settled in ["NOTIFIED", "RESOLVED", "SUPPRESSED"] {
        let reopened = if settled == "SUPPRESSED" { settled } else { "NEW" };
        let passed = finding(Status::Passed, 1);
        let failed = finding(Status::Failed, 1);
        let cases = [
            (&passed, finding(Status::Failed, 2), reopened),
            (&passed, finding(Status::Warning, 2), reopened),
            (&passed, finding(Status::NotAvailable, 2), reopened),
            (&passed, finding(Status::Passed, 2), settled),
            (&failed, finding(Status::Failed, 2), settled),
            (&failed, finding(Status::Passed, 2), settled),
            (&failed, archived(Status::Failed, 2), settled),
            (&archived(Status::Failed, 1), finding(Status::Failed, 2), reopened),
        ];
        for (first, second, expected) in cases {
            let hub = MemorySecurityHub::default();
            import(&hub, first);
            assert!(hub.set_workflow(&id(), settled));
            import(&hub, &second);
            let told = (first.result.status, second.result.status);
            assert_eq!(workflow(&hub), expected, "{settled} {told:?}");
        }
    }
}

#[test]
fn only_what_is_new_or_notified_is_resolved() {
    for (before, after) in
        [("NEW", "RESOLVED"), ("NOTIFIED", "RESOLVED"), ("SUPPRESSED", "SUPPRESSED")]
    {
        let hub = MemorySecurityHub::default();
        import(&hub, &finding(Status::Passed, 1));
        hub.set_workflow(&id(), before);
        now(hub.resolve(&[finding(Status::Passed, 1)])).unwrap();
        assert_eq!(workflow(&hub), after);
    }
}

#[test]
fn where_it_is_switched_off_every_call_says_so() {
    let hub = MemorySecurityHub::default();
    hub.set_enabled(false);
    let error = now(hub.import(&[finding(Status::Passed, 1)])).unwrap_err();
    assert!(matches!(error, PortError::NotEnabled { .. }));
    assert!(now(hub.read_back(&[])).is_err());
    hub.set_enabled(true);
    import(&hub, &finding(Status::Passed, 1));
    assert!(hub.expire(&id()));
    assert_eq!(hub.findings(), []);
}

#[test]
fn what_aws_refuses_is_refused_by_itself_and_not_kept() {
    let hub = MemorySecurityHub::default();
    let mut refused = finding(Status::Failed, 10);
    // Older than its own birth.
    refused.created_at = Timestamp::from_second(11).unwrap();
    let taken = Finding { check: Check::CanPull, ..finding(Status::Passed, 10) };
    let outcomes = now(hub.import(&[refused, taken])).unwrap();
    let [ImportOutcome::Refused(reason), ImportOutcome::Imported] = &outcomes[..] else {
        panic!("{outcomes:?}");
    };
    assert_eq!(reason, "InvalidInput: UpdatedAt is before CreatedAt");
    assert_eq!((hub.findings().len(), hub.imports().len()), (1, 1));
}
