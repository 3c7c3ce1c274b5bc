//! Folders and functions, settings and variables, and the numbers that belong together.

use std::collections::BTreeSet;

use cargo_metadata::MetadataCommand;
use serde_yaml_ng::Value;

use crate::sources::{function_folders, literals, sources};
use crate::stack::{Stack, referred, root, texts};

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

#[test]
fn each_function_reads_its_queue_and_tells_which_messages_failed() {
    let stack = Stack::read("template.yaml");
    for (id, _, queue) in FUNCTIONS {
        let function = &stack.resource(id)["Properties"];
        let source = &function["Events"]["Queue"]["Properties"];
        assert_eq!(referred(&source["Queue"]), queue, "{id}");
        assert_eq!(texts(&source["FunctionResponseTypes"]), ["ReportBatchItemFailures"], "{id}");
        // More than one reader, and none that Lambda would throttle into the dead letters.
        assert!(source["ScalingConfig"]["MaximumConcurrency"].as_u64().unwrap() >= 2, "{id}");
        assert!(function["ReservedConcurrentExecutions"].is_null(), "{id}");
        let timeout = function["Timeout"].as_u64().unwrap();
        let window = source["MaximumBatchingWindowInSeconds"].as_u64().unwrap_or(0);
        let visibility = stack.resource(queue)["Properties"]["VisibilityTimeout"].as_u64().unwrap();
        assert!(visibility >= 6 * timeout + window, "{queue} is visible again too soon");
    }
}

#[test]
fn each_variable_is_read_and_each_that_is_read_is_set() {
    let stack = Stack::read("template.yaml");
    let set: BTreeSet<String> = stack.function_globals()["Environment"]["Variables"]
        .as_mapping()
        .unwrap()
        .keys()
        .map(|name| name.as_str().unwrap().to_owned())
        // lambda_runtime reads this one.
        .filter(|name| name != "RUST_LOG")
        .collect();
    for (id, function) in stack.resources("AWS::Serverless::Function") {
        assert!(function["Environment"].is_null(), "{id} has variables of its own");
    }
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
