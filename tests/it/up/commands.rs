//! Commands beside `amana up`: they find its servers, or report that there are none.

use super::address;
use super::process::run;
use amana::demo::{BUYER, OPERATOR};
use amana::local::Scratch;
use std::process::Output;

const EXIT_FAILURE: i32 = 1;
const EXIT_CONFIGURATION: i32 = 2;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, text(&output.stderr));
    text(&output.stdout)
}

/// Returns the last line of stderr.
#[track_caller]
fn fails(output: &Output, code: i32) -> String {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    said.lines().last().unwrap_or_default().to_owned()
}

pub(super) fn without_a_system(folder: &Scratch) {
    let said = fails(&run(folder, &["up", "--print-env"], &[]), EXIT_FAILURE);
    assert!(said.contains("there is no .amana/"), "{said}");
    let said = fails(&run(folder, &["ledger", "check"], &[]), EXIT_CONFIGURATION);
    assert!(said.contains("DATABASE_URL is not set"), "{said}");
}

/// Runs commands beside a running system. Returns the variables that were printed for the shell.
pub(super) fn of_a_running_system(folder: &Scratch, printed: &str, payment: &str) -> String {
    let checked = run(folder, &["ledger", "check"], &[]);
    assert!(succeeds(&checked).contains("the ledger is correct"));
    let said = text(&checked.stderr);
    assert_eq!(said, "amana: DATABASE_URL is not set; using the servers of .amana/\n");

    let password = [("AMANA_ADMIN_PASSWORD", "karibu-nyumbani-7")];
    let (again, phone) = (OPERATOR.email, "254712345678");
    let create = |email, phone| {
        let options = ["--name", "Neema", "--email", email, "--phone", phone];
        run(folder, &[&["admin", "create"][..], &options[..]].concat(), &password)
    };
    let said = fails(&create(again, phone), EXIT_FAILURE);
    assert_eq!(said, format!("amana: {again} is already registered"));
    let said = fails(&create("neema@example.com", BUYER.phone), EXIT_FAILURE);
    assert_eq!(said, format!("amana: the phone number {} is already registered", BUYER.phone));

    let exchanges = succeeds(&run(folder, &["exchanges", payment], &[]));
    assert!(exchanges.contains("the provider's reference"), "{exchanges}");
    assert!(succeeds(&run(folder, &["keys", "rewrap"], &[])).contains("keys are now encrypted"));
    assert!(succeeds(&run(folder, &["admin", "replace-signing-keys"], &[])).contains("signs"));

    let variables = succeeds(&run(folder, &["up", "--print-env"], &[]));
    for (name, label, end) in [("API", "API", "/v1"), ("SANDBOX", "provider sandbox", "/")] {
        let line = format!("export {name}={}\n", address(printed, label).trim_end_matches(end));
        assert!(variables.contains(&line), "{line} is missing in:\n{variables}");
    }
    variables
}

pub(super) fn of_a_stopped_system(folder: &Scratch, variables: &str) {
    let said = fails(&run(folder, &["ledger", "check"], &[]), EXIT_CONFIGURATION);
    assert!(said.contains("start `amana up` first"), "{said}");
    assert_eq!(succeeds(&run(folder, &["up", "--print-env"], &[])), variables);
}
