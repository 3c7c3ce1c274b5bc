//! The deployed stack as a function sees it: every port kept by AWS, and the settings.

use ecr_audit::ports::Ports;
use ecr_audit::settings::{Settings, SettingsError};

use crate::aws::Aws;
use crate::clock::SystemClock;
use crate::ecr::AwsEcr;
use crate::eks::AwsEks;
use crate::environment::Environment;
use crate::iam::AwsIam;
use crate::ledger::AwsLedger;
use crate::own_queue::AwsOwnQueue;
use crate::security_hub::AwsSecurityHub;
use crate::sweep_requests::AwsSweepRequests;
use crate::topics::AwsTopics;

/// The parts of a deployed stack.
#[derive(Clone, Debug)]
pub struct Stack {
    /// What the operators chose.
    pub settings: Settings,
    /// The connection that all parts share.
    pub aws: Aws,
    iam: AwsIam,
    eks: AwsEks,
    ecr: AwsEcr,
    ledger: AwsLedger,
    security_hub: AwsSecurityHub,
    topics: AwsTopics,
    sweep_requests: AwsSweepRequests,
    /// The queue that the function reads.
    pub own_queue: AwsOwnQueue,
    clock: SystemClock,
}

impl Stack {
    /// Connects to the parts that the environment of a function names.
    pub async fn from_environment() -> Result<Self, SettingsError> {
        // What is no UTF-8 is shown as such where a mistake is told, and does not panic.
        let variables = std::env::vars_os().map(|(name, value)| {
            (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
        });
        let environment = Environment::from_pairs(variables)?;
        Ok(Self::new(Aws::from_environment().await, environment))
    }

    /// Connects to these parts.
    pub fn new(aws: Aws, environment: Environment) -> Self {
        let Environment {
            settings,
            ledger_table,
            alert_topic_arn,
            operators_topic_arn,
            sweep_queue_url,
            queue_url,
        } = environment;
        Self {
            iam: AwsIam::new(&aws),
            eks: AwsEks::new(&aws),
            ecr: AwsEcr::new(&aws),
            ledger: AwsLedger::new(&aws, &ledger_table),
            security_hub: AwsSecurityHub::new(
                &aws,
                &settings.account,
                &settings.security_hub_region,
            ),
            topics: AwsTopics::new(&aws, &alert_topic_arn, &operators_topic_arn),
            sweep_requests: AwsSweepRequests::new(&aws, &sweep_queue_url),
            own_queue: AwsOwnQueue::new(&aws, &queue_url),
            clock: SystemClock,
            settings,
            aws,
        }
    }

    /// The ports of the journey.
    pub fn ports(&self) -> Ports<'_> {
        Ports {
            iam: &self.iam,
            eks: &self.eks,
            ecr: &self.ecr,
            ledger: &self.ledger,
            security_hub: &self.security_hub,
            topics: &self.topics,
            sweep_requests: &self.sweep_requests,
            clock: &self.clock,
        }
    }
}
