//! Check of query parameters: rejects unknown and repeated ones, because a misspelt filter would otherwise return all
//! items.

use crate::document::document;
use crate::problem::{ApiError, Code};
use poem::Request;
use poem::http::Method;
use serde_json::Value;
use std::sync::LazyLock;

/// The provider may add parameters to our callback URLs.
const OF_PROVIDERS: &str = "/v1/callbacks/";

// Created on first use, because most calls have no query.
static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(&document()).unwrap_or_default();
    operations(&document)
});

#[derive(Debug)]
struct Operation {
    method: String,
    /// Segments of the path; `None` is a path parameter.
    segments: Vec<Option<String>>,
    parameters: Vec<Parameter>,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    is_list: bool,
}

/// Rejects unknown and repeated parameters.
///
/// # Errors
/// `invalid_parameter` with the name of the parameter.
pub(crate) fn check(request: &Request) -> Result<(), ApiError> {
    let uri = request.uri();
    if uri.query().is_none_or(str::is_empty) || uri.path().starts_with(OF_PROVIDERS) {
        return Ok(());
    }
    // Paths outside the document check their own parameters.
    let Some(operation) = find(&OPERATIONS, request.method(), uri.path()) else { return Ok(()) };
    let given = request.params::<Vec<(String, String)>>().map_err(|_| {
        ApiError::new(Code::InvalidParameter, "the query string is malformed; percent-encode it")
    })?;
    let mut seen: Vec<&str> = vec![];
    for (name, _) in &given {
        let known = operation.parameters.iter().find(|known| known.name == *name);
        let known = known.ok_or_else(|| refused(name, unknown(operation)))?;
        if seen.contains(&name.as_str()) && !known.is_list {
            return Err(refused(name, "repeated; give this parameter only once".to_owned()));
        }
        seen.push(name);
    }
    Ok(())
}

fn unknown(operation: &Operation) -> String {
    let names: Vec<&str> = operation.parameters.iter().map(|known| known.name.as_str()).collect();
    match names.is_empty() {
        true => "this operation takes no query parameters".to_owned(),
        false => format!("this operation takes only: {}", names.join(", ")),
    }
}

fn refused(name: &str, why: String) -> ApiError {
    let shown: String = name.chars().take(60).collect();
    let detail = format!("the parameter `{shown}` is invalid");
    ApiError::new(Code::InvalidParameter, detail).at(shown, why)
}

/// Finds the operation of a path; literal segments take precedence over parameters.
fn find<'a>(operations: &'a [Operation], method: &Method, path: &str) -> Option<&'a Operation> {
    let method = if *method == Method::HEAD { Method::GET } else { method.clone() };
    let path: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let fits = |operation: &&Operation| {
        operation.method == method.as_str()
            && operation.segments.len() == path.len()
            && operation
                .segments
                .iter()
                .zip(&path)
                .all(|(segment, part)| segment.as_ref().is_none_or(|segment| segment == part))
    };
    let free = |operation: &&Operation| {
        operation.segments.iter().map(Option::is_none).collect::<Vec<bool>>()
    };
    operations.iter().filter(fits).min_by_key(free)
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut found = vec![];
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            found.push(Operation {
                method: method.to_uppercase(),
                segments: segments(path),
                parameters: parameters(operation),
            });
        }
    }
    found
}

fn segments(path: &str) -> Vec<Option<String>> {
    let parts = path.trim_start_matches('/').split('/');
    parts.map(|part| (!part.starts_with('{')).then(|| part.to_owned())).collect()
}

fn parameters(operation: &Value) -> Vec<Parameter> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    all.filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| {
            let name = parameter["name"].as_str()?.to_owned();
            Some(Parameter { name, is_list: parameter["schema"]["type"] == "array" })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(method: Method, uri: &str) -> Result<(), String> {
        let request = Request::builder().method(method).uri_str(uri).finish();
        check(&request).map_err(|error| error.errors[0].pointer.clone())
    }

    #[test]
    fn a_filter_with_a_slip_in_its_name_is_refused() {
        for good in [
            "/v1/deals",
            "/v1/deals?",
            "/v1/deals?limit=5&after=x",
            "/v1/transactions?kind=fund&kind=release",
            "/v1/transactions?%66rom=2026-01-01",
            "/v1/callbacks/c/x?y=1",
            "/nowhere?x=1",
        ] {
            assert_eq!(checked(Method::GET, good), Ok(()), "{good}");
        }
        for (uri, name) in [
            ("/v1/deals?state=funded", "state"),
            ("/v1/deals?limit=5&limit=6", "limit"),
            ("/v1/transactions?from=2026-01-01&from=2026-02-01", "from"),
            ("/v1/deals?=1", ""),
            ("/v1/deals?x", "x"),
            ("/v1/service?a=1", "a"),
        ] {
            assert_eq!(checked(Method::GET, uri), Err(name.to_owned()), "{uri}");
            assert_eq!(checked(Method::HEAD, uri), Err(name.to_owned()), "{uri}");
        }
        let quote = "/v1/deals/quote?dry_run=true";
        assert_eq!(checked(Method::POST, quote), Err("dry_run".to_owned()));
        assert_eq!(checked(Method::POST, "/v1/deals/deal_1/fund?dry_run=true"), Ok(()));
    }
}
