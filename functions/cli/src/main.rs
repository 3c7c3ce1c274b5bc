//! The command pullwatch.

fn main() {}
