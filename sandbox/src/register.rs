//! Records by key, in order of arrival, with a list of changed records.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

const RECORDS_MAX: usize = 100_000;

/// At most [`RECORDS_MAX`] records; the oldest are removed first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Register<T> {
    order: VecDeque<String>,
    items: BTreeMap<String, T>,
    #[serde(skip)]
    touched: BTreeSet<String>,
}

impl<T> Default for Register<T> {
    fn default() -> Self {
        Self { order: VecDeque::new(), items: BTreeMap::new(), touched: BTreeSet::new() }
    }
}

impl<T> Register<T> {
    /// Adds or replaces a record.
    pub(crate) fn insert(&mut self, key: &str, item: T) {
        self.touched.insert(key.to_owned());
        if let Some(old) = self.items.get_mut(key) {
            *old = item;
            return;
        }
        while self.order.len() >= RECORDS_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.items.remove(&oldest);
            }
        }
        self.order.push_back(key.to_owned());
        self.items.insert(key.to_owned(), item);
    }

    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        self.items.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        let item = self.items.get_mut(key)?;
        self.touched.insert(key.to_owned());
        Some(item)
    }

    /// Returns the records that changed since the last call.
    pub(crate) fn take_touched(&mut self) -> Vec<(String, T)>
    where
        T: Clone,
    {
        let keys = std::mem::take(&mut self.touched);
        keys.into_iter()
            .filter_map(|key| self.items.get(&key).cloned().map(|item| (key, item)))
            .collect()
    }

    pub(crate) fn forget_touched(&mut self) {
        self.touched.clear();
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &T> {
        self.order.iter().rev().filter_map(|key| self.items.get(key))
    }
}
