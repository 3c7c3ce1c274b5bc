//! Whatever an account holds, what is told of it stays within what AWS takes and a person can
//! read. `wild` draws facts that no account could bring together; `accounts` draws whole accounts
//! and lets the journey tell of them; `records` holds what is remembered of a role against its item.

mod accounts;
mod records;
mod told;
mod wild;
