//! Sets of small numbers, one bit each.

/// A set of numbers below a size that is fixed when it is made.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bits(Words);

/// Up to 64 numbers need no memory of their own.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Words {
    One(u64),
    Many(Box<[u64]>),
}

impl Clone for Bits {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Words::One(word) => Words::One(*word),
            Words::Many(words) => Words::Many(words.clone()),
        })
    }

    /// Of one size, it takes no new memory.
    fn clone_from(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Words::Many(words), Words::Many(others)) => words.clone_from(others),
            _ => *self = other.clone(),
        }
    }
}

impl Bits {
    /// No number.
    pub fn none(size: usize) -> Self {
        Self(match size.div_ceil(64) {
            0 | 1 => Words::One(0),
            words => Words::Many(vec![0; words].into_boxed_slice()),
        })
    }

    /// Every number.
    pub fn all(size: usize) -> Self {
        let mut bits = Self::none(size);
        for (index, word) in bits.words_mut().iter_mut().enumerate() {
            let left = size - index * 64;
            *word = if left < 64 { (1 << left) - 1 } else { u64::MAX };
        }
        bits
    }

    fn words(&self) -> &[u64] {
        match &self.0 {
            Words::One(word) => std::slice::from_ref(word),
            Words::Many(words) => words,
        }
    }

    fn words_mut(&mut self) -> &mut [u64] {
        match &mut self.0 {
            Words::One(word) => std::slice::from_mut(word),
            Words::Many(words) => words,
        }
    }

    /// Puts a number in.
    pub fn insert(&mut self, number: usize) {
        self.words_mut()[number / 64] |= 1 << (number % 64);
    }

    /// Takes a number out.
    pub fn remove(&mut self, number: usize) {
        self.words_mut()[number / 64] &= !(1 << (number % 64));
    }

    /// How many words it takes.
    pub fn size(&self) -> usize {
        self.words().len()
    }

    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        self.words().iter().all(|word| *word == 0)
    }

    /// Whether both hold one and the same number.
    pub fn meets(&self, other: &Self) -> bool {
        self.words().iter().zip(other.words()).any(|(one, two)| one & two != 0)
    }

    /// What both hold.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.keep(other);
        both
    }

    /// Keeps only what another holds too.
    pub fn keep(&mut self, other: &Self) {
        for (one, two) in self.words_mut().iter_mut().zip(other.words()) {
            *one &= two;
        }
    }

    /// Adds what another holds.
    pub fn add(&mut self, other: &Self) {
        for (one, two) in self.words_mut().iter_mut().zip(other.words()) {
            *one |= two;
        }
    }

    /// The numbers, from the least.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words().iter().enumerate().flat_map(|(index, word)| {
            (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| index * 64 + bit)
        })
    }
}
