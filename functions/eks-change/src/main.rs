//! Lambda function woken by eks changes.

fn main() {}
