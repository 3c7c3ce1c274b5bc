//! The other commands from door to door: explain, check, simulate, demo, and wrong arguments.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod pullwatch;

use pullwatch::{folder_for, mixed_account, pullwatch, pullwatch_with, write};

#[test]
fn explain_lists_every_action_with_what_decides_it() {
    let folder = mixed_account();
    let role = "arn:aws:iam::111122223333:role/blind-nodes";
    let arguments =
        ["explain", "--format", "json", "--snapshot", folder.to_str().unwrap(), "--role", role];
    let run = pullwatch(&arguments);
    assert_eq!(run.status, 0, "{}", run.told);
    let report = run.json();
    assert_eq!(report["roles"].as_array().unwrap().len(), 1);
    assert_eq!(report["roles"][0]["role"], role);
    let actions = report["roles"][0]["actions"].as_array().unwrap();
    assert_eq!(actions.len(), 83);
    let named = |name: &str| actions.iter().find(|action| action["action"] == name).unwrap();
    let denied = named("ecr:BatchGetImage");
    assert_eq!(denied["access"], "denied");
    assert_eq!(denied["witness"], serde_json::Value::Null);
    assert_eq!(denied["statements"][0]["policy"], "inline:no-images");
    assert_eq!(denied["statements"][0]["sid"], "NoImages");
    assert_eq!(denied["statements"][0]["effect"], "Deny");
    let allowed = named("ecr:GetDownloadUrlForLayer");
    assert_eq!(allowed["access"], "allowed");
    assert_eq!(allowed["statements"][0]["index"], 0);
    assert!(allowed["witness"]["resource"].as_str().unwrap().starts_with("arn:aws:ecr:"));
    assert!(allowed["witness"]["context"].is_object());
    assert_eq!(report["roles"][0]["unknown_actions"]["ecr"]["write"], "denied");
}

#[test]
fn check_judges_each_file_by_itself() {
    let folder = folder_for("check");
    let document = |action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#
        )
    };
    let pulls = write(&folder, "pulls.json", &document("ecr:BatchGetImage"));
    let pushes = write(&folder, "pushes.json", &document("ecr:PutImage"));
    let broken = write(&folder, "broken.json", "{");
    let check = |files: &[&str]| pullwatch(&[&["check", "--format", "json"], files].concat());

    assert_eq!(check(&[&pulls]).status, 0);
    assert_eq!(check(&[&pulls, &broken]).status, 2);
    let run = check(&[&pulls, &broken, &pushes]);
    assert_eq!(run.status, 1);
    let files = &run.json()["files"];
    assert_eq!(
        (&files[0]["status"], &files[0]["severity"]),
        (&"PASSED".into(), &"INFORMATIONAL".into())
    );
    assert_eq!(files[1]["status"], "NOT_AVAILABLE");
    assert_eq!(files[2]["severity"], "HIGH");
    assert_eq!(files[2]["excess"], serde_json::json!(["ecr:PutImage"]));
}

#[test]
fn what_a_document_says_in_vain_is_a_note() {
    let folder = folder_for("notes");
    let on_repository = write(
        &folder,
        "token-on-a-repository.json",
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":["ecr:BatchGetImage","ecr:GetAuthorizationToken"],
             "Resource":"arn:aws:ecr:eu-west-1:111122223333:repository/team/*"},
            {"Effect":"Allow","Action":"ecr:GetImage","Resource":"*"},
            {"Effect":"Deny","Action":"ecr:*",
             "Resource":"arn:aws:ecr:eu-west-1:111122223333:repository/Team"}]}"#,
    );
    let run = pullwatch(&["check", "--format", "json", &on_repository]);
    assert_eq!(run.status, 0, "{}", run.told);
    let notes = run.json()["files"][0]["notes"].to_string();
    for note in [
        "Statement[0].Action: `ecr:GetAuthorizationToken` takes no resource",
        "Statement[1].Action: `ecr:GetImage` matches no known action of ecr",
        "Statement[2].Resource: `arn:aws:ecr:eu-west-1:111122223333:repository/Team` matches no",
    ] {
        assert!(notes.contains(note), "{note}: {notes}");
    }
}

/// The status and severity that `check` gives to a document, with its notes.
fn checked(folder: &str, document: &str, further: &[&str]) -> (String, String) {
    let file = write(&folder_for(folder), "policy.json", document);
    let run = pullwatch(&[&["check", "--format", "json", &file], further].concat());
    let report = &run.json()["files"][0];
    let text = |key: &str| report[key].as_str().unwrap().to_owned();
    (text("status") + " " + &text("severity"), report["notes"].to_string())
}

#[test]
fn what_no_policy_of_a_role_can_say_takes_nothing_away_and_is_told() {
    let of = |statements: &str| {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        checked("no-identity-policy", &document, &[])
    };
    let push = r#"{"Effect":"Allow","Action":"ecr:PutImage","Resource":"*"}"#;
    let root = r#""Principal":{"AWS":"arn:aws:iam::111122223333:root"}"#;
    let (told, notes) =
        of(&format!(r#"{push},{{"Effect":"Deny",{root},"Action":"ecr:PutImage","Resource":"*"}}"#));
    assert_eq!(told, "FAILED HIGH", "{notes}");
    assert!(
        notes.contains("Statement[1].Principal: stands in no policy of an identity"),
        "{notes}"
    );

    let (told, notes) = of(r#"{"Effect":"Allow","Action":"ecr:PutImage"}"#);
    assert!(told.starts_with("FAILED"), "{told}");
    assert!(notes.contains("Statement[0].Resource: is missing"), "{notes}");

    let service = r#""Principal":{"Service":"ec2.amazonaws.com"}"#;
    let (_, notes) = of(&format!(r#"{{"Effect":"Allow",{service},"Action":"sts:AssumeRole"}}"#));
    assert!(notes.contains("looks like a trust policy"), "{notes}");
    let (told, notes) = of(&format!(r#"{{"Effect":"Allow",{root},"Action":"ecr:PutImage"}}"#));
    assert!(told.starts_with("FAILED"), "{told}");
    assert!(notes.contains("looks like a repository policy"), "{notes}");
}

#[test]
fn check_reads_what_the_cli_prints_in_any_encoding() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Sid":"Push","Effect":"Allow","Action":"ecr:PutImage","Resource":"*"}}"#;
    let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Sid%22%3A%22Push%22%2C%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22ecr%3APutImage%22%2C%22Resource%22%3A%22%2A%22%7D%7D";
    let folder = folder_for("check-encodings");
    let utf16: Vec<u8> =
        std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [
        ("encoded.json", encoded.into()),
        ("bom.json", format!("\u{feff}{text}").into_bytes()),
        ("utf16.json", utf16),
        ("version.json", format!(r#"{{"PolicyVersion":{{"Document":{text}}}}}"#).into_bytes()),
        ("role.json", format!(r#"{{"RoleName":"a","PolicyDocument":{text}}}"#).into_bytes()),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, bytes).unwrap();
        let run = pullwatch(&["check", file.to_str().unwrap()]);
        assert_eq!(run.status, 1, "{name}: {}", run.output);
        assert!(run.output.contains("\n  statement Push\n    ecr:PutImage\n"), "{}", run.output);
        assert!(run.output.starts_with("Standard read-only\n"), "{}", run.output);
    }
    let empty = write(&folder, "empty.json", "");
    let run = pullwatch(&["check", &empty]);
    assert_eq!(run.status, 2);
    assert!(run.output.contains("is empty"), "{}", run.output);
}

#[test]
fn check_judges_at_the_time_that_is_given() {
    let until = |date: &str| {
        let condition = format!(r#""Condition":{{"DateLessThan":{{"aws:CurrentTime":"{date}"}}}}"#);
        let push = r#""Effect":"Allow","Action":"ecr:PutImage","Resource":"*""#;
        format!(r#"{{"Version":"2012-10-17","Statement":{{{push},{condition}}}}}"#)
    };
    for (now, told) in
        [("2026-01-15T09:59:59Z", "FAILED HIGH"), ("2026-01-15T10:00:00Z", "PASSED INFORMATIONAL")]
    {
        let found = checked("dated", &until("2026-01-15T10:00:00Z"), &["--now", now]).0;
        assert_eq!(found, told, "{now}");
    }
    // What passes at that time alone says so.
    let (found, notes) =
        checked("dated", &until("2026-01-15T10:00:00Z"), &["--now", "2026-01-15T00:00:00Z"]);
    assert_eq!(found, "FAILED HIGH");
    let sentence = "From 2026-01-15T10:00:00Z on this becomes PASSED: a condition names that date.";
    assert!(notes.contains(sentence), "{notes}");
    let from = until("2027-01-01").replace("DateLessThan", "DateGreaterThan");
    let (found, notes) = checked("dated", &from, &["--now", "2026-01-15T10:00:00Z"]);
    assert_eq!(found, "PASSED INFORMATIONAL");
    let sentence = "From 2027-01-01T00:00:00Z on this becomes FAILED: a condition names that date.";
    assert!(notes.contains(sentence), "{notes}");
    let (_, notes) = checked("dated", &from, &["--now", "2027-01-02T10:00:00Z"]);
    assert!(!notes.contains("names that date"), "{notes}");
    // Else it is the clock's time.
    assert_eq!(checked("dated", &until("2020-01-01"), &[]).0, "PASSED INFORMATIONAL");
    assert_eq!(checked("dated", &until("9999-01-01"), &[]).0, "FAILED HIGH");
}

#[test]
fn check_judges_by_the_account_that_the_document_names() {
    let on = |action: &str, resources: &str| {
        let statement =
            format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":[{resources}]}}"#);
        format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)
    };
    let own = r#""arn:aws:ecr:us-east-1:123456789012:repository/*""#;
    let china = r#""arn:aws-cn:ecr:cn-north-1:123456789012:repository/*""#;
    let other = r#""arn:aws:ecr:us-east-1:444455556666:repository/a""#;
    let set = on("ecr:SetRepositoryPolicy", own);
    assert_eq!(checked("own-account", &set, &[]).0, "FAILED CRITICAL");
    let as_other = checked("own-account", &set, &["--account", "111122223333"]).0;
    assert_eq!(as_other, "FAILED HIGH", "another account has to consent");
    assert_eq!(checked("own-partition", &on("ecr:PutImage", china), &[]).0, "FAILED HIGH");
    let both = on("ecr:SetRepositoryPolicy", &format!("{own},{other}"));
    let (told, notes) = checked("two-accounts", &both, &[]);
    assert_eq!(told, "FAILED CRITICAL");
    assert!(notes.contains("a role of 123456789012 in aws"), "{notes}");
    let refused = pullwatch(&["check", "--partition", "aws-moon", "-"]);
    assert!(refused.told.contains("the partitions of AWS are aws, "), "{}", refused.told);
}

#[test]
fn control_characters_of_a_policy_are_spelled_out() {
    let folder = folder_for("control-characters");
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ecr:Foo\n::error file=x::pwned\u001b[31m"],"Resource":"*"}}"#;
    let file = write(&folder, "::error::\u{1b}[31m\n::error::.json", document);
    let run = pullwatch(&["check", &file]);
    assert!(run.output.contains(r"ecr:Foo\n::error file=x::pwned\u{1b}[31m"), "{}", run.output);
    assert!(!run.output.contains('\u{1b}'), "{}", run.output);
    assert!(!run.output.lines().any(|line| line.trim().starts_with("::error")), "{}", run.output);
}

#[test]
fn explain_keeps_together_what_the_same_statements_grant() {
    let folder = mixed_account();
    let role = "arn:aws:iam::111122223333:role/eks/prod-workers";
    let run = pullwatch(&["explain", "--snapshot", folder.to_str().unwrap(), "--role", role]);
    assert_eq!(run.status, 0, "{}", run.told);
    let pushes = run.output.lines().find(|line| line.contains("ecr:PutImage")).unwrap();
    assert!(pushes.starts_with("  allowed      "), "{pushes}");
    assert!(pushes.contains("ecr:UploadLayerPart"), "{pushes}");
    assert!(run.output.contains(", statement AllowPush\n"), "{}", run.output);
    assert!(!run.output.contains(":iam::aws:policy/"), "{}", run.output);
}

#[test]
fn help_tells_values_and_statuses() {
    for (command, words) in [
        ("audit", &["[possible values: read-only, pull-only, c-0223]", "Exit status: 1"][..]),
        ("check", &["[possible values: read-only, pull-only, c-0223]", "Exit status: 1"]),
        ("explain", &["Exit status: 2"]),
        ("replay", &["Exit status: 2"]),
        ("simulate", &["resourcePolicy", "principal", "Exit status: 2"]),
    ] {
        let help = pullwatch(&[command, "--help"]);
        for word in words {
            assert!(help.output.contains(word), "{command}: {word}\n{}", help.output);
        }
        assert!(help.output.lines().all(|line| line.chars().count() <= 120), "{}", help.output);
    }
    for command in ["audit", "replay"] {
        let run = pullwatch(&[command, "--now", "tomorrow"]);
        assert!(run.told.contains("expected a time such as 2026-01-15T10:00:00Z"), "{}", run.told);
    }
}

/// The file is named once, and a note says what becomes of the statement.
#[test]
fn a_note_names_the_file_once_and_says_what_becomes_of_the_statement() {
    let folder = folder_for("unknown-element");
    let statement = |effect: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Foo":1,
                "Action":"ecr:BatchGetImage","Resource":"*"}}]}}"#
        )
    };
    for (effect, becomes) in [
        ("Allow", "the element is ignored and the Allow kept"),
        ("Deny", "the Deny is dropped, for the element may narrow it"),
    ] {
        let file = write(&folder, "p.json", &statement(effect));
        let run = pullwatch(&["check", &file]);
        let line = format!("  note: unknown element `Statement[0].Foo`: {becomes}");
        assert!(run.output.lines().any(|told| told.ends_with(&line)), "{}", run.output);
        assert!(!run.output.contains("inline:"), "{}", run.output);
    }
    let file = write(&folder, "p.json", "{}");
    let run = pullwatch(&["check", &file]);
    assert!(run.output.contains("the document is not a policy"), "{}", run.output);
}

#[test]
fn simulate_answers_line_by_line_and_remembers_a_bad_one() {
    let request = r#"{"id":7,"principal":"arn:aws:iam::123456789012:role/r","action":"ecr:PutImage","resource":"arn:aws:ecr:eu-west-1:123456789012:repository/a","context":{},"identity":[{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecr:*","Resource":"*"}]}]}"#;
    let run = pullwatch_with(&format!("{request}\n\n"), &["simulate"]);
    assert_eq!(run.status, 0, "{}", run.told);
    let answer = run.json();
    assert_eq!((&answer["id"], &answer["decision"]), (&7.into(), &"Allowed".into()));
    let marked = pullwatch_with(&format!("\u{feff}{request}\n"), &["simulate"]);
    assert_eq!(marked.json(), answer, "behind a byte order mark");
    let run = pullwatch_with(&format!("nonsense\n{request}\n"), &["simulate"]);
    assert_eq!(run.status, 2);
    let lines: Vec<&str> = run.output.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("\"error\""), "{}", lines[0]);
    assert!(lines[1].contains("\"Allowed\""), "{}", lines[1]);
}

#[test]
fn the_demo_tells_its_story() {
    let run = pullwatch(&["demo"]);
    assert_eq!(run.status, 0, "{}", run.told);
    let parts = ["CreateNodegroup", "FAILED", "Subject: [HIGH]", "grace.hopper", "resolved"];
    let mut rest = run.output.as_str();
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part} is missing\n{}", run.output));
        rest = &rest[at..];
    }
    assert!(!run.output.contains("could not be followed"), "{}", run.output);
    assert!(run.output.contains("The finding, abridged"), "{}", run.output);
    let mails = run.output.split("Subject: ").skip(1).map(|mail| mail.split("──").next().unwrap());
    let lines = mails.flat_map(|mail| mail.lines().skip(1));
    for line in lines.filter(|line| !line.contains("https://")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert_eq!(run.output, pullwatch(&["demo"]).output, "the same each time");
}

#[test]
fn wrong_arguments_end_with_status_2() {
    for arguments in [
        &["audit", "--role", "workers"][..],
        &["audit", "--standard", "strict"],
        &["audit", "--region", "../eu-west-1"],
        &["audit", "--region", "eu-west-1", "--snapshot", "folder"],
        &["snapshot"],
        &["check"],
        &["replay"],
        &["nonsense"],
        &[],
    ] {
        let run = pullwatch(arguments);
        assert_eq!(run.status, 2, "{arguments:?}");
        assert!(!run.told.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_dry_run_prints_the_request_and_needs_no_account() {
    let topic = "arn:aws:sns:eu-west-1:111122223333:alerts";
    let queue = "arn:aws:sqs:eu-west-1:111122223333:alerts";
    let subscribe = ["subscribe", "--topic-arn", topic, "--dry-run", "--owner", "payments"];
    let run = |more: &[&str]| pullwatch(&[&subscribe[..], more].concat());
    let mail = run(&["--email", "ada@example.com"]);
    assert_eq!(
        (mail.status, mail.json()),
        (
            0,
            serde_json::json!({
                "TopicArn": topic,
                "Protocol": "email",
                "Endpoint": "ada@example.com",
                "Attributes": {
                    "FilterPolicy": r#"{"owner":["payments"]}"#,
                    "FilterPolicyScope": "MessageAttributes",
                },
                "ReturnSubscriptionArn": true,
            })
        )
    );
    let queued = run(&["--sqs", queue, "--owner", "web", "--severity", "critical"]);
    assert_eq!(
        queued.json()["Attributes"]["FilterPolicy"],
        r#"{"owner":["payments","web"],"severity":["INFORMATIONAL","CRITICAL"]}"#
    );
    assert_eq!(run(&["--https", "https://example.com/a"]).json()["Protocol"], "https");
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:alerts";
    assert_eq!(run(&["--lambda", function]).json()["Endpoint"], function);

    for (arguments, words) in [
        (&[][..], "--email"),
        (&["--email", "ada"], "`ada` is not one e-mail address"),
        (&["--https", "http://example.com"], "https://"),
        (&["--email", "a@b", "--sqs", queue], "cannot be used with"),
        (&["--email", "a@b", "--severity", "BAD"], "is not a severity"),
        (&["--email", "a@b", "--owner", ""], "is no owner"),
    ] {
        let refused = run(arguments);
        assert_eq!((refused.status, refused.output.as_str()), (2, ""), "{arguments:?}");
        assert!(refused.told.contains(words), "{}", refused.told);
    }
    let topic = format!("{topic}.fifo");
    let refused =
        pullwatch(&["subscribe", "--owner", "payments", "--email", "a@b", "--topic-arn", &topic]);
    assert_eq!(refused.status, 2);
    assert!(refused.told.contains("not the ARN of a standard SNS topic"), "{}", refused.told);
}

#[cfg(not(feature = "aws"))]
#[test]
fn a_build_without_aws_says_how_to_get_it() {
    for arguments in [
        &["audit"][..],
        &["explain"],
        &["snapshot", "--output", "nowhere"],
        &["subscribe", "--owner", "payments", "--email", "ada@example.com"],
    ] {
        let run = pullwatch(arguments);
        assert_eq!(run.status, 2);
        assert!(run.told.contains("no AWS in it"), "{}", run.told);
        assert!(run.told.contains("cargo build"), "{}", run.told);
    }
}

/// Images can be pushed to repositories that a key names of which nothing is known.
const MIXED: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"ecr:PutImage",
     "Resource":"arn:aws:ecr:eu-west-1:111122223333:repository/${aws:SourceVpc}/*"},
    {"Effect":"Allow","Action":"ecr:InitiateLayerUpload",
     "Resource":"arn:aws:ecr:eu-west-1:111122223333:repository/app"}]}"#;

/// A snapshot of an account with one role, which has one policy.
fn account_with(test: &str, document: &str) -> String {
    let folder = folder_for(test);
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    let details = serde_json::json!({"RoleDetailList": [{
        "Path": "/", "RoleName": "nodes", "RoleId": "AROAEXAMPLEEXAMPLE001",
        "Arn": "arn:aws:iam::111122223333:role/nodes", "CreateDate": "2026-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": {}, "AttachedManagedPolicies": [], "Tags": [],
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": document}],
    }], "Policies": []});
    write(&folder, "authorization-details.json", &details.to_string());
    folder.to_str().unwrap().to_owned()
}

fn told_of(command: &str, snapshot: &str) -> String {
    let role = "arn:aws:iam::111122223333:role/nodes";
    let run = pullwatch(&[command, "--snapshot", snapshot, "--role", role]);
    assert!(run.status < 2, "{}", run.told);
    run.output
}

#[test]
fn an_upper_bound_is_told_as_one() {
    let reason = "This is an upper bound, and less may be granted, because the value of \
                  aws:SourceVpc is not known: ecr:PutImage.";
    let file = write(&folder_for("upper-bound"), "policy.json", MIXED);
    let run = pullwatch(&["check", &file]);
    let told = format!(
        "\n  statement [0]\n    perhaps ecr:PutImage\n  statement [1]\n    \
         ecr:InitiateLayerUpload\n  {reason}\n"
    );
    assert!(run.output.contains(&told), "{}", run.output);

    let run = pullwatch(&["check", "--format", "json", &file]);
    let evidence = &run.json()["files"][0]["evidence"];
    assert_eq!(evidence[0]["is_upper_bound"], true);
    assert_eq!(evidence[1]["is_upper_bound"], serde_json::Value::Null);
    assert!(run.json()["files"][0]["notes"].to_string().contains(reason));

    let output = told_of("audit", &account_with("upper-bound-audit", MIXED));
    let told = format!(
        "\n    inline policy p, statement [0]\n      perhaps ecr:PutImage\n    inline policy p, \
         statement [1]\n      ecr:InitiateLayerUpload\n    {reason}\n"
    );
    assert!(output.contains(&told), "{output}");
}

#[test]
fn explain_says_which_answer_is_an_upper_bound_and_why() {
    let output = told_of("explain", &account_with("upper-bound-explain", MIXED));
    let told = "
  allowed      ecr:InitiateLayerUpload
      on   arn:aws:ecr:eu-west-1:111122223333:repository/app
      by   Allow: inline policy p, statement [1]

  at most allowed  ecr:PutImage
      on   certain repositories
      by   Allow: inline policy p, statement [0]
      because the value of aws:SourceVpc is not known

";
    assert!(output.contains(told), "{output}");
}

/// Of the actions that nobody knows, some reads are granted for certain and no writes.
#[test]
fn explain_tells_unknown_reads_and_writes_apart() {
    let document = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"ecr:PutX*",
         "Resource":"arn:aws:ecr:eu-west-1:111122223333:repository/${aws:SourceVpc}/*"},
        {"Effect":"Allow","Action":"ecr:GetX*","Resource":"*"}]}"#;
    let output = told_of("explain", &account_with("unknown-bound", document));
    let told = "
  Actions of ecr that no catalogue names: reads are allowed, writes are at most allowed.
      by   Allow: inline policy p, statement [0]
      by   Allow: inline policy p, statement [1]
      writes because the value of aws:SourceVpc is not known
";
    assert!(output.contains(told), "{output}");
}

#[test]
fn what_is_granted_on_a_condition_and_perhaps_always_is_told_so() {
    let document = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"ecr:PutImage","Resource":"*",
         "Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}},
        {"Effect":"Allow","Action":"ecr:PutImage",
         "Resource":"arn:aws:ecr:eu-west-1:111122223333:repository/${aws:userid}/*"}]}"#;
    let snapshot = account_with("perhaps-always", document);
    let told = "
    inline policy p, statement [0]; inline policy p, statement [1]
      on a condition, perhaps always: ecr:PutImage
";
    let output = told_of("audit", &snapshot);
    assert!(output.contains(told), "{output}");
    let output = told_of("explain", &snapshot);
    assert!(output.contains("\n  conditional, perhaps always  ecr:PutImage\n"), "{output}");
    let ends = "\n      because the value of aws:userid is not known\n";
    assert!(output.contains(ends), "{output}");
}
