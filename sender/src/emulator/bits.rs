//! A growing set of small numbers: which packets of a frame came, which pixels of a buffer are there.

/// A set of numbers, one bit each. It grows with the largest number and keeps its memory when it is cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BitSet {
    words: Vec<u64>,
    count: u32,
}

impl BitSet {
    /// How many numbers are in the set.
    pub(crate) const fn count(&self) -> u32 {
        self.count
    }

    /// Takes all numbers out.
    pub(crate) fn clear(&mut self) {
        if self.count > 0 {
            self.words.fill(0);
            self.count = 0;
        }
    }

    /// Whether `number` is in the set.
    pub(crate) fn contains(&self, number: usize) -> bool {
        self.words.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Puts `number` in; whether it was not there before.
    pub(crate) fn insert(&mut self, number: usize) -> bool {
        let index = number / 64;
        if index >= self.words.len() {
            self.words.resize(index + 1, 0);
        }
        let Some(word) = self.words.get_mut(index) else { return false };
        let bit = 1 << (number % 64);
        let fresh = *word & bit == 0;
        *word |= bit;
        self.count += u32::from(fresh);
        fresh
    }

    /// Puts the numbers `first .. first + length` in.
    pub(crate) fn insert_range(&mut self, first: usize, length: usize) {
        let end = first + length;
        if end.div_ceil(64) > self.words.len() {
            self.words.resize(end.div_ceil(64), 0);
        }
        let mut at = first;
        while at < end {
            let in_word = at % 64;
            let run = (64 - in_word).min(end - at);
            let mask = (u64::MAX >> (64 - run)) << in_word;
            if let Some(word) = self.words.get_mut(at / 64) {
                self.count += (mask & !*word).count_ones();
                *word |= mask;
            }
            at += run;
        }
    }

    /// The lowest number of `range` that is not in the set.
    pub(crate) fn first_absent(&self, range: core::ops::Range<usize>) -> Option<usize> {
        range.into_iter().find(|&number| !self.contains(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_behaves_like_a_set(ops in prop::collection::vec((0_usize..700, 0_usize..200), 0..60)) {
            let (mut bits, mut set) = (BitSet::default(), BTreeSet::new());
            for (first, length) in ops {
                if length < 3 {
                    prop_assert_eq!(bits.insert(first), set.insert(first));
                } else {
                    bits.insert_range(first, length);
                    set.extend(first..first + length);
                }
                prop_assert_eq!(bits.count() as usize, set.len());
            }
            for number in 0..1_000 {
                prop_assert_eq!(bits.contains(number), set.contains(&number));
            }
            prop_assert_eq!(bits.first_absent(0..1_000), (0..1_000).find(|n| !set.contains(n)));
            bits.clear();
            prop_assert_eq!(bits.first_absent(0..5), Some(0));
        }
    }
}
