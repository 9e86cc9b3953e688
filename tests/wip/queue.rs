//! Work in progress: this part of the integration tests alone.
