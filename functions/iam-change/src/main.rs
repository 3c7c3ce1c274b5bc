//! Lambda function woken by iam changes.

fn main() {}
