//! Work in progress: this part of the integration tests alone.

#[path = "../it"]
mod it {
    mod browser;
    mod up;
}
