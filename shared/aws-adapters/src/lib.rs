//! The ports of ecr-audit kept by the AWS SDK.
