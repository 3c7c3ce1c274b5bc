//! Lambda function that walks the whole account.

fn main() {}
