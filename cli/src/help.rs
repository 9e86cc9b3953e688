//! The end of each help text: the variables of the command, and an example.

/// Every command reads these variables.
const LOGS: &[&str] = &["AMANA_LOG", "AMANA_LOG_FORMAT"];

const DATABASE: &[&str] = &["DATABASE_URL"];
const SERVERS: &[&str] = &["DATABASE_URL", "REDIS_URL"];
const SERVERS_OPTIONAL: &[&str] =
    &["DATABASE_CONNECTIONS_MAX", "REDIS_CA_FILE", "REDIS_NAMESPACE", "AMANA_START_WAIT_S"];
const MASTER_KEY: &[&str] = &["AMANA_MASTER_KEY"];
const PREVIOUS: &[&str] = &["AMANA_MASTER_KEY_PREVIOUS"];
const SECRET: &[&str] = &["AMANA_JWT_SECRET"];
const FILES: &[&str] = &["AMANA_FILES_DIR"];
const MODE: &[&str] = &["AMANA_MODE"];

const API_OPTIONAL: &[&str] = &[
    "AMANA_LISTEN",
    "AMANA_STAFF_NETWORKS",
    "AMANA_TRUSTED_PROXIES",
    "AMANA_ALLOWED_ORIGINS",
    "AMANA_RATE_LIMITS",
    "AMANA_REQUESTS_PER_MINUTE",
    "AMANA_GEOIP_FILE",
    "AMANA_FEE_PERCENTAGE_BPS",
    "AMANA_FEE_FIXED_MINOR",
    "AMANA_SUPPORT_CONTACT",
    "MPESA_CALLBACK_NETWORKS",
];

const WORKER_REQUIRED: &[&str] = &[
    "AMANA_PUBLIC_URL",
    "MPESA_BASE_URL",
    "MPESA_CONSUMER_KEY",
    "MPESA_CONSUMER_SECRET",
    "MPESA_SHORTCODE",
    "MPESA_PASSKEY",
    "MPESA_INITIATOR",
    "MPESA_INITIATOR_PASSWORD",
    "MPESA_CERTIFICATE",
    "SMTP_URL",
    "MAIL_FROM",
    "AFRICASTALKING_URL",
    "AFRICASTALKING_USERNAME",
    "AFRICASTALKING_API_KEY",
];

const WORKER_OPTIONAL: &[&str] = &[
    "MPESA_STATEMENT_URL",
    "MPESA_REQUEST_WAIT_S",
    "AFRICASTALKING_SENDER_ID",
    "AMANA_SUPPORT_CONTACT",
    "AMANA_WEB_URL",
    "AMANA_RECONCILE_EVERY_S",
    "AMANA_JOB_LEASE_S",
];

/// The maximum length of a line of variables.
const WIDTH: usize = 78;
const INDENT: &str = "  ";

/// The variables of a command. They are optional for a command without required variables.
#[derive(Default)]
struct Variables {
    required: Vec<&'static str>,
    /// Required unless `amana up` is running in the working folder.
    from_up: Vec<&'static str>,
    optional: Vec<&'static str>,
}

impl Variables {
    fn api() -> Self {
        Self {
            required: [SERVERS, SECRET, MASTER_KEY, FILES].concat(),
            optional: [MODE, PREVIOUS, SERVERS_OPTIONAL, API_OPTIONAL].concat(),
            ..Self::default()
        }
    }

    fn worker() -> Self {
        Self {
            required: [SERVERS, SECRET, MASTER_KEY, FILES, WORKER_REQUIRED].concat(),
            optional: [MODE, PREVIOUS, SERVERS_OPTIONAL, WORKER_OPTIONAL].concat(),
            ..Self::default()
        }
    }

    fn from_up(names: &[&[&'static str]], optional: &[&'static str]) -> Self {
        Self { from_up: names.concat(), optional: optional.to_vec(), ..Self::default() }
    }

    fn text(&self, example: &str) -> String {
        let optional = [self.optional.as_slice(), LOGS].concat();
        let sections = [
            ("Required variables:", self.required.as_slice()),
            (
                "Taken from .amana/ if DATABASE_URL is not set and `amana up` is running here:",
                self.from_up.as_slice(),
            ),
            ("Optional variables:", optional.as_slice()),
        ];
        let used = sections.iter().filter(|(_, names)| !names.is_empty());
        let sections: String =
            used.map(|(title, names)| format!("{title}\n{}\n\n", wrap(names))).collect();
        format!(
            "{sections}docs/operations.md explains each variable.\n\nExample:\n{INDENT}{example}"
        )
    }
}

fn wrap(names: &[&str]) -> String {
    let mut lines = vec![INDENT.to_owned()];
    for name in names {
        let fits = lines.last().is_some_and(|line| line.len().saturating_add(name.len()) <= WIDTH);
        if !fits {
            lines.push(INDENT.to_owned());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(name);
            line.push(' ');
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

pub(crate) fn amana() -> String {
    "`amana <command> --help` lists the variables of a command and shows an example.\n\n\
     Example:\n  amana up"
        .to_owned()
}

pub(crate) fn up() -> String {
    let mut optional = [SERVERS, MASTER_KEY, PREVIOUS, SERVERS_OPTIONAL, API_OPTIONAL].concat();
    // `up` chooses the address.
    optional.retain(|name| *name != "AMANA_LISTEN");
    let text = Variables { optional, ..Variables::default() }.text("amana up");
    format!("{text}\n{INDENT}eval \"$(amana up --print-env)\"")
}

pub(crate) fn demo() -> String {
    Variables { optional: SERVERS.to_vec(), ..Variables::default() }.text("amana demo")
}

pub(crate) fn api() -> String {
    Variables::api().text("AMANA_LISTEN=0.0.0.0:8080 amana api")
}

pub(crate) fn worker() -> String {
    Variables::worker().text("AMANA_LOG_FORMAT=json amana worker")
}

pub(crate) fn migrate() -> String {
    let (required, optional) = (DATABASE.to_vec(), vec!["DATABASE_APP_URL"]);
    Variables { required, optional, ..Variables::default() }
        .text("DATABASE_URL=postgres://amana:…@127.0.0.1:5432/amana amana migrate")
}

pub(crate) fn openapi() -> String {
    Variables::default().text("amana openapi > amana.json")
}

pub(crate) fn admin_create() -> String {
    let variables = Variables {
        required: vec!["AMANA_ADMIN_PASSWORD"],
        ..Variables::from_up(&[DATABASE, MASTER_KEY], PREVIOUS)
    };
    variables.text(
        "AMANA_ADMIN_PASSWORD=… amana admin create --name Neema --email neema@example.com --phone 254712345678",
    )
}

pub(crate) fn replace_signing_keys() -> String {
    Variables::from_up(&[DATABASE, MASTER_KEY, SECRET], PREVIOUS)
        .text("amana admin replace-signing-keys")
}

pub(crate) fn rewrap() -> String {
    Variables::from_up(&[DATABASE, MASTER_KEY], PREVIOUS)
        .text("AMANA_MASTER_KEY=… AMANA_MASTER_KEY_PREVIOUS=… amana keys rewrap")
}

pub(crate) fn exchanges() -> String {
    Variables::from_up(&[DATABASE, MASTER_KEY], PREVIOUS)
        .text("amana exchanges pay_0197a1b2c3d4e5f60718293a4b5c6d7e")
}

pub(crate) fn register_urls() -> String {
    Variables::worker().text("amana mpesa register-urls")
}

pub(crate) fn ledger_check() -> String {
    Variables::from_up(&[DATABASE], &[]).text("amana ledger check")
}

pub(crate) fn schema() -> String {
    Variables::default().text("amana schema --check adapters/postgres/src/schema.rs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Cli;
    use crate::config::{Api, Servers, Source, Worker};
    use clap::{Command, CommandFactory, Parser};
    use std::collections::BTreeSet;

    const SENTENCE_WORDS_MAX: usize = 20;

    fn leaves(command: &Command) -> Vec<&Command> {
        let mut below = command.get_subcommands().filter(|it| it.get_name() != "help").peekable();
        if below.peek().is_none() {
            return vec![command];
        }
        below.flat_map(leaves).collect()
    }

    fn all(command: &Command) -> Vec<&Command> {
        let below = command.get_subcommands().filter(|it| it.get_name() != "help");
        std::iter::once(command).chain(below.flat_map(all)).collect()
    }

    fn built() -> Command {
        let mut command = Cli::command();
        command.build();
        command
    }

    #[test]
    fn every_command_and_every_argument_is_explained() {
        let command = built();
        for command in all(&command) {
            let name = command.get_name();
            let about = command.get_about().unwrap_or_else(|| panic!("{name}: no purpose"));
            let words = about.to_string().split_whitespace().count();
            assert!(words <= SENTENCE_WORDS_MAX, "{name}: {words} words: {about}");
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{name}: {} has no help", argument.get_id());
            }
        }
    }

    #[test]
    fn every_leaf_has_variables_and_an_example_that_can_be_typed() {
        let command = built();
        let leaves = leaves(&command);
        assert!(leaves.len() >= 13, "all commands are walked");
        for leaf in leaves {
            let text = leaf.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            assert!(text.contains("AMANA_LOG"), "{}: no variables: {text}", leaf.get_name());
            let (_, example) = text.split_once("Example:\n").expect("an example");
            let example = example.lines().next().expect("a line").trim();
            let words = example.split_whitespace().take_while(|word| *word != ">");
            let words = words.skip_while(|word| word.contains('='));
            let parsed = Cli::try_parse_from(words);
            assert!(parsed.is_ok(), "{example}: {:?}", parsed.err());
            let name = leaf.get_bin_name().unwrap_or_default();
            assert!(example.contains(name), "{example} is no example of {name}");
        }
    }

    /// Returns the variables that `read` reads from an empty source. A reader does not stop at a missing variable.
    fn asked<T>(read: impl Fn(&Source) -> Option<T>) -> BTreeSet<String> {
        let source = Source::new([]);
        read(&source);
        source.asked()
    }

    #[track_caller]
    fn same(variables: &Variables, asked: &BTreeSet<String>) {
        let told: BTreeSet<String> =
            variables.required.iter().chain(&variables.optional).map(ToString::to_string).collect();
        assert_eq!(&told, asked);
    }

    #[test]
    fn the_lists_are_what_api_and_worker_read() {
        let servers = asked(Servers::read);
        same(&Variables::api(), &(&servers | &asked(Api::read)));
        same(&Variables::worker(), &(&servers | &asked(Worker::read)));
    }

    #[test]
    fn lists_are_wrapped() {
        let text = wrap(&[SERVERS, API_OPTIONAL].concat());
        assert!(text.lines().count() > 1 && text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(text.lines().all(|line| line.starts_with(INDENT) && line.len() > INDENT.len()));
    }
}
