//! Parts of the system that can be restarted in place.

use anyhow::Result;

use super::{Child, Postgres, Redis};

/// A running part. A restart keeps its port and its data.
pub trait Part {
    fn child(&mut self) -> &mut Child;

    /// # Errors
    /// If it does not start.
    fn restart(&mut self) -> Result<()>;
}

impl Part for Child {
    fn child(&mut self) -> &mut Child {
        self
    }

    fn restart(&mut self) -> Result<()> {
        Child::restart(self)
    }
}

impl Part for Postgres {
    fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    fn restart(&mut self) -> Result<()> {
        Postgres::restart(self)
    }
}

impl Part for Redis {
    fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    fn restart(&mut self) -> Result<()> {
        Redis::restart(self)
    }
}
