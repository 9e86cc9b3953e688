//! Operations without authentication, which are limited by address whatever token is sent. Read from the document, so
//! that no new operation is forgotten.

use poem::http::Method;
use serde_json::Value;
use std::sync::LazyLock;

static STRANGERS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(&crate::document()).unwrap_or_default();
    operations(&document)
});

struct Operation {
    method: String,
    path: Vec<String>,
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let described = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path, method, operation))
    });
    let open = described
        .filter(|(_, _, operation)| operation["security"].as_array().is_none_or(Vec::is_empty));
    let operation = |(path, method, _): (&String, &String, &Value)| Operation {
        method: method.to_uppercase(),
        path: path.split('/').map(str::to_owned).collect(),
    };
    open.map(operation).collect()
}

impl Operation {
    fn is_at(&self, method: &Method, path: &str) -> bool {
        let fits = |wanted: &String, found: &str| wanted == found || wanted.starts_with('{');
        let mut found = path.trim_end_matches('/').split('/');
        self.method == method.as_str()
            && self.path.iter().all(|wanted| found.next().is_some_and(|part| fits(wanted, part)))
            && found.next().is_none()
    }
}

/// Returns whether the operation has no authentication.
pub(super) fn is_strangers(method: &Method, path: &str) -> bool {
    STRANGERS.iter().any(|operation| operation.is_at(method, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_without_authentication_are_found() {
        for path in [
            "/v1/users",
            "/v1/sessions",
            "/v1/sessions/second-factor",
            "/v1/sessions/second-factor/code",
            "/v1/password-resets",
            "/v1/password-resets/confirm",
            "/v1/invitations/details",
            "/v1/invitations/accept",
            "/v1/users/",
        ] {
            assert!(is_strangers(&Method::POST, path), "{path}");
        }
        for path in
            ["/v1/sessions/step-up", "/v1/transfers", "/v1/invitations/join", "/v1/deals/x/fund"]
        {
            assert!(!is_strangers(&Method::POST, path), "{path}");
        }
        assert!(is_strangers(&Method::GET, "/v1/files/some-token"));
        assert!(!is_strangers(&Method::GET, "/v1/sessions"));
    }
}
