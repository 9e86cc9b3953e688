//! The filter and the format of the logs.

use super::{Source, Variable};
use amana_domain::text_enum;
use tracing_subscriber::EnvFilter;

const LEVEL: &str = "info";

text_enum! {
    pub enum LogFormat as "log format" {
        Text = "text",
        Json = "json",
    }
}

#[derive(Debug)]
pub struct Log {
    /// In the syntax of `RUST_LOG`.
    pub filter: EnvFilter,
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: EnvFilter::new(LEVEL), format: LogFormat::Text }
    }
}

impl Log {
    pub fn read(source: &Source) -> Option<Self> {
        let wanted = "a filter such as info or warn,amana_api=debug";
        let format = source.parsed_or(Variable::LogFormat, "text or json", LogFormat::Text);
        let text = source.optional(Variable::Log).unwrap_or_else(|| LEVEL.to_owned());
        let filter = EnvFilter::try_new(text).ok();
        let filter = filter.or_else(|| source.refuse(Variable::Log, format!("must be {wanted}")));
        Some(Self { filter: filter?, format: format? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_filters_are_checked() {
        let read = |name: &str, value: &str| {
            let source = Source::new([(name.to_owned(), value.to_owned())]);
            source.finish(Log::read(&source)).map(|log| log.format)
        };
        assert_eq!(read("AMANA_LOG_FORMAT", "json").unwrap(), LogFormat::Json);
        assert_eq!(read("AMANA_LOG", "off").unwrap(), LogFormat::Text);
        assert_eq!(
            read("AMANA_LOG", "warn,amana_api=debug,[span{id=1}]").unwrap(),
            LogFormat::Text
        );
        for (name, wrong) in
            [("AMANA_LOG_FORMAT", "xml"), ("AMANA_LOG_FORMAT", "JSON"), ("AMANA_LOG", "a=b=c")]
        {
            let said = read(name, wrong).unwrap_err().to_string();
            assert!(said.contains(&format!("{name} must be")), "{said}");
        }
    }
}
