//! How much is looked at for one principal before what is left is open. It is counted in states
//! and cases, never timed, so that every machine gives the same answer.

use std::cell::Cell;

/// What is left of the work that all questions about one principal may take together. Each
/// question has limits of its own besides; a principal is asked about in as many questions as its
/// statements tell actions apart.
#[derive(Clone, Debug)]
pub struct Budget {
    all: usize,
    left: Cell<usize>,
}

impl Budget {
    /// A text that is read on by a letter costs the words of the patterns it stands in; a way of
    /// the conditions, the words of the statements it decides on; a value, a resource and a name
    /// of an action, the texts that they are held against.
    pub const ALL: usize = 500_000;

    /// The whole of it.
    pub const fn new() -> Self {
        Self::of(Self::ALL)
    }

    /// As much as this.
    pub const fn of(all: usize) -> Self {
        Self { all, left: Cell::new(all) }
    }

    /// How much was taken.
    pub const fn taken(&self) -> usize {
        self.all - self.left.get()
    }

    /// Whether nothing is left.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Takes as much as something costs. False: it is more than what is left, and nothing is left
    /// for anything else either.
    pub(crate) fn take(&self, cost: usize) -> bool {
        let left = self.left.get().checked_sub(cost);
        self.left.set(left.unwrap_or(0));
        left.is_some()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}
