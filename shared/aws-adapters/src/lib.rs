//! The ports of `ecr-audit` kept by AWS: one file a service, and nothing decided in them.
//!
//! Every call of the AWS SDK in the project stands here or in `aws-ec2-adapter`. Each is sent
//! through `answer`, which names it as IAM does: `"iam:GetRole"`. The rights in `template.yaml`
//! are held against these names.

mod answer;
pub mod aws;
pub mod clock;
pub mod ecr;
pub mod eks;
pub mod environment;
pub mod iam;
pub mod ledger;
pub mod own_queue;
pub mod security_hub;
pub mod snapshot;
pub mod stack;
pub mod subscriptions;
pub mod sweep_requests;
pub mod topics;
