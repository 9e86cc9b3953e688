//! One page of a list, and the bound on its size.

/// Most rows of one page.
pub const PAGE_MAX: i64 = 100;

/// Rows in a stable order. `more` is true if rows follow the last one.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub more: bool,
}

impl<T> Page<T> {
    /// Returns the number of rows to query: one more than the page has, for [`Page::cut`] to set `more`.
    pub(crate) fn fetch(limit: i64) -> i64 {
        limit.clamp(1, PAGE_MAX).saturating_add(1)
    }

    pub(crate) fn cut(mut items: Vec<T>, limit: i64) -> Self {
        let limit = usize::try_from(limit.clamp(1, PAGE_MAX)).unwrap_or(1);
        let more = items.len() > limit;
        items.truncate(limit);
        Self { items, more }
    }

    pub(crate) fn try_map<U, E>(self, map: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let items = self.items.into_iter().map(map).collect::<Result<_, E>>()?;
        Ok(Page { items, more: self.more })
    }
}
