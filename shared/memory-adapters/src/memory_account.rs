//! One account that several readers share and that changes while they read.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::account::Account;

/// An [`Account`] behind the ports of IAM, EKS, EC2 and ECR. Each call sees one instant of it.
#[derive(Debug, Default)]
pub struct MemoryAccount {
    account: Mutex<Account>,
}

impl MemoryAccount {
    /// Holds an account.
    pub fn new(account: Account) -> Self {
        Self { account: Mutex::new(account) }
    }

    /// Changes the account; no reader sees it half done.
    pub fn change<T>(&self, change: impl FnOnce(&mut Account) -> T) -> T {
        change(&mut self.lock())
    }

    /// The account as it is now.
    pub fn account(&self) -> Account {
        self.lock().clone()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Account> {
        // An account is a plain value: whoever panicked over it left it whole.
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
