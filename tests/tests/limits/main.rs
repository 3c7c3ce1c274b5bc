//! Whatever an account holds, what is told of it stays within what AWS takes and a person can
//! read. `wild` draws facts that no account could bring together; `accounts` draws whole accounts
//! and lets the journey tell of them.

mod accounts;
mod told;
mod wild;
