//! Folders and functions, settings and variables, and the numbers that belong together.

use std::collections::BTreeSet;

use cargo_metadata::MetadataCommand;
use ecr_audit::journey::delivery::LEASE;
use serde_yaml_ng::Value;

use crate::sources::{function_folders, literals, sources};
use crate::stack::{Stack, referred, root, yaml};

/// The three functions, with the queue that each reads.
const FUNCTIONS: [(&str, &str, &str); 3] = [
    ("AccountSweep", "account-sweep", "SweepQueue"),
    ("EksChange", "eks-change", "EksQueue"),
    ("IamChange", "iam-change", "IamQueue"),
];

#[test]
fn each_folder_of_functions_is_a_function() {
    let stack = Stack::read("template.yaml");
    let functions = stack.resources("AWS::Serverless::Function");
    let binaries: BTreeSet<String> = functions
        .keys()
        .map(|id| {
            let metadata = &stack.resource(id)["Metadata"];
            assert_eq!(metadata["BuildMethod"], "rust-cargolambda", "{id}");
            let binary = metadata["BuildProperties"]["Binary"].as_str().unwrap();
            let code = &stack.resource(id)["Properties"]["CodeUri"];
            assert_eq!(*code, Value::from(format!("functions/{binary}/")), "{id}");
            binary.to_owned()
        })
        .collect();
    let folders = function_folders();
    assert_eq!(binaries, folders);
    let named: BTreeSet<String> =
        FUNCTIONS.iter().map(|(_, folder, _)| (*folder).to_owned()).collect();
    assert_eq!(named, folders);
    for (id, binary, _) in FUNCTIONS {
        assert_eq!(stack.resource(id)["Metadata"]["BuildProperties"]["Binary"], binary, "{id}");
    }
}

#[test]
fn each_folder_of_functions_makes_the_binary_of_its_name() {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let binaries: BTreeSet<String> = metadata
        .packages
        .iter()
        .filter(|package| {
            package.manifest_path.parent().unwrap().parent().unwrap().ends_with("functions")
        })
        .flat_map(|package| package.targets.iter().filter(|target| target.is_bin()))
        .map(|target| target.name.clone())
        .filter(|name| name != "pullwatch")
        .collect();
    assert_eq!(binaries, function_folders());
}

/// Each function as it has to be. A batch of changes is gathered for half a minute and shares its
/// reads; a policy that hundreds of node roles have takes it minutes. A step of a sweep comes alone and may take the longest time that Lambda gives.
const WHOLE: [(&str, &str); 3] = [
    (
        "IamChange",
        "{ CodeUri: functions/iam-change/, Role: !GetAtt IamChangeRole.Arn, Timeout: 300,
           Environment: { Variables: { PULLWATCH_QUEUE_URL: !Ref IamQueue } },
           LoggingConfig: { LogGroup: !Ref IamChangeLogs },
           Events: { Queue: { Type: SQS, Properties: {
             Queue: !GetAtt IamQueue.Arn, BatchSize: 100, MaximumBatchingWindowInSeconds: 30,
             FunctionResponseTypes: [ReportBatchItemFailures],
             ScalingConfig: { MaximumConcurrency: 2 } } } } }",
    ),
    (
        "EksChange",
        "{ CodeUri: functions/eks-change/, Role: !GetAtt EksChangeRole.Arn, Timeout: 300,
           Environment: { Variables: { PULLWATCH_QUEUE_URL: !Ref EksQueue } },
           LoggingConfig: { LogGroup: !Ref EksChangeLogs },
           Events: { Queue: { Type: SQS, Properties: {
             Queue: !GetAtt EksQueue.Arn, BatchSize: 100, MaximumBatchingWindowInSeconds: 30,
             FunctionResponseTypes: [ReportBatchItemFailures],
             ScalingConfig: { MaximumConcurrency: 2 } } } } }",
    ),
    (
        "AccountSweep",
        "{ CodeUri: functions/account-sweep/, Role: !GetAtt AccountSweepRole.Arn, Timeout: 900,
           Environment: { Variables: { PULLWATCH_QUEUE_URL: !Ref SweepQueue } },
           MemorySize: 512, LoggingConfig: { LogGroup: !Ref AccountSweepLogs },
           Events: { Queue: { Type: SQS, Properties: {
             Queue: !GetAtt SweepQueue.Arn, BatchSize: 1,
             FunctionResponseTypes: [ReportBatchItemFailures],
             ScalingConfig: { MaximumConcurrency: 2 } } } } }",
    ),
];

/// More than one reader, and none that Lambda would throttle into the dead letters: there is no
/// reserved concurrency. Nothing filters what a queue holds.
#[test]
fn each_function_reads_its_queue_and_tells_which_messages_failed() {
    let stack = Stack::read("template.yaml");
    for (id, expected) in WHOLE {
        let mut function = stack.resource(id)["Properties"].clone();
        function.as_mapping_mut().unwrap().remove("Description").expect("a description");
        assert_eq!(function, yaml(expected), "{id}");
    }
    // The binaries are linked for glibc 2.34, which is that of Amazon Linux 2023.
    for (key, expected) in [
        ("Runtime", "provided.al2023"),
        ("Handler", "bootstrap"),
        ("Architectures", "[!Ref Architecture]"),
        ("MemorySize", "256"),
    ] {
        assert_eq!(stack.function_globals()[key], yaml(expected), "{key}");
    }
    assert_eq!(stack.function_globals().as_mapping().unwrap().len(), 5, "they share other things");
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
#[test]
fn a_message_is_visible_again_only_when_its_function_has_ended() {
    let stack = Stack::read("template.yaml");
    for (id, _, queue) in FUNCTIONS {
        let function = &stack.resource(id)["Properties"];
        let timeout = function["Timeout"].as_u64().unwrap();
        let source = &function["Events"]["Queue"]["Properties"];
        assert_eq!(referred(&source["Queue"]), queue, "{id}");
        let window = source["MaximumBatchingWindowInSeconds"].as_u64().unwrap_or(0);
        let visibility = stack.resource(queue)["Properties"]["VisibilityTimeout"].as_u64().unwrap();
        assert!(visibility >= 6 * timeout + window, "{queue} is visible again too soon");
        // Whoever gets it again finds no entry held by the one that was killed.
        assert!(
            LEASE.as_secs().unsigned_abs() < visibility,
            "{queue}: what is sent is held longer"
        );
    }
}

/// A log is named after its function, and kept as long as the operators chose.
#[test]
fn each_function_has_a_log_of_its_own() {
    let stack = Stack::read("template.yaml");
    for (id, folder, _) in FUNCTIONS {
        let expected = format!(
            "{{ Type: AWS::Logs::LogGroup, DeletionPolicy: Delete, UpdateReplacePolicy: Delete,
                Properties: {{ LogGroupName: !Sub '/pullwatch/${{AWS::StackName}}/{folder}',
                    RetentionInDays: !Ref LogRetentionDays,
                    KmsKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref 'AWS::NoValue'] }} }}"
        );
        assert_eq!(*stack.resource(&format!("{id}Logs")), yaml(&expected), "{id}");
    }
    assert_eq!(stack.section("Parameters")["LogLevel"]["Default"], "info");
}

#[test]
fn each_variable_is_read_and_each_that_is_read_is_set() {
    let stack = Stack::read("template.yaml");
    let shared = stack.function_globals()["Environment"]["Variables"].as_mapping().unwrap();
    let set: BTreeSet<String> = shared
        .keys()
        .map(|name| name.as_str().unwrap().to_owned())
        // lambda_runtime reads this one.
        .filter(|name| name != "RUST_LOG")
        // Each function has its own queue.
        .chain(["PULLWATCH_QUEUE_URL".to_owned()])
        .collect();
    let mut folders = vec!["shared/ecr-audit/src".to_owned(), "shared/aws-adapters/src".to_owned()];
    folders.extend(function_folders().iter().map(|folder| format!("functions/{folder}/src")));
    let read: BTreeSet<String> = folders
        .iter()
        .flat_map(|folder| sources(folder))
        .flat_map(|source| literals(&source))
        .filter(|text| text.strip_prefix("PULLWATCH_").is_some_and(|rest| !rest.is_empty()))
        .collect();
    assert_eq!(set, read);
}
