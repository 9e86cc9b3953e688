//! Every template in every language and channel: complete, alike, short, and safe.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use amana_messaging::{
    Channel, Locale, Params, ParamsError, Rendered, Template, TemplateError, render, sms_septets,
};
use serde_json::json;

const SMS_SEPTETS_MAX: usize = 160;
/// Two joined parts: each loses seven of its places to the header that joins them.
const SMS_SEPTETS_TWO_PARTS: usize = 306;

/// Values as they mostly are, rather long than short.
fn ordinary() -> Params {
    Params::from_iter([
        ("name", "Wanjiku Kamau"),
        ("counterparty", "Otieno Odhiambo"),
        ("deal_title", "Samsung Galaxy A15"),
        ("amount", "KES 12,500.00"),
        ("milestone", "First delivery"),
        ("deadline", "24 Nov 2026, 18:00"),
        ("receipt", "SKL4A1B2C3"),
        ("reason", "the prompt was cancelled"),
    ])
}

fn everywhere(mut check: impl FnMut(Template, Locale)) {
    for template in Template::ALL {
        for locale in Locale::ALL {
            check(*template, *locale);
        }
    }
}

fn sms(template: Template, locale: Locale, params: &Params) -> String {
    match render(template, Channel::Sms, locale, params).unwrap() {
        Rendered::Sms { text } => text,
        Rendered::Email { .. } => panic!("asked for an SMS"),
    }
}

fn email(template: Template, locale: Locale, params: &Params) -> (String, String) {
    match render(template, Channel::Email, locale, params).unwrap() {
        Rendered::Email { subject, body } => (subject, body),
        Rendered::Sms { .. } => panic!("asked for an e-mail"),
    }
}

/// The variables of every text of a language, by `message.attribute`, read from the files.
fn written(locale: Locale) -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(locale.name());
    let mut texts = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let mut message = String::new();
        let mut text = String::new();
        for line in std::fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            let name = line.split_once('=').map(|(name, _)| name.trim()).unwrap_or_default();
            if line.starts_with('#') {
                continue;
            } else if line.starts_with(|c: char| c.is_ascii_lowercase()) {
                message = name.to_owned();
                text = message.clone();
                assert!(!texts.contains_key(&text), "{locale}: {message} is written twice");
            } else if name.starts_with('.') {
                text = format!("{message}{name}");
                assert!(!texts.contains_key(&text), "{locale}: {text} is written twice");
            }
            let variables = line.split("{ $").skip(1).map(|rest| rest.split_once(" }").unwrap().0);
            let known: &mut BTreeSet<String> = texts.entry(text.clone()).or_default();
            known.extend(variables.map(str::to_owned));
        }
    }
    texts
}

#[test]
fn names_are_stable_and_read_back() {
    for template in Template::ALL {
        assert_eq!(template.to_string().parse(), Ok(*template));
    }
    for locale in Locale::ALL {
        assert_eq!(locale.to_string().parse(), Ok(*locale));
    }
    for channel in Channel::ALL {
        assert_eq!(channel.to_string().parse(), Ok(*channel));
    }
    assert_eq!(Template::ALL.len(), 19);
    assert_eq!(Template::MilestoneDelivered.name(), "milestone_delivered");
    assert!("Welcome".parse::<Template>().is_err());
    assert!("fr".parse::<Locale>().is_err());
}

#[test]
fn every_text_uses_the_same_variables_in_both_languages() {
    let english = written(Locale::English);
    assert_eq!(english, written(Locale::Swahili));
    for template in Template::ALL {
        let used: BTreeSet<_> = ["subject", "body", "sms"]
            .iter()
            .flat_map(|part| english[&format!("{template}.{part}")].iter().map(String::as_str))
            .collect();
        let declared: BTreeSet<_> = template.variables().iter().copied().collect();
        assert_eq!(used, declared, "{template}");
        let in_body = english[&format!("{template}.body")].iter().map(String::as_str).collect();
        assert_eq!(declared, in_body, "{template}: the e-mail tells all of it");
    }
}

#[test]
fn no_text_belongs_to_no_template() {
    for name in written(Locale::English).keys().filter(|name| !name.is_empty()) {
        let message = name.split('.').next().unwrap();
        assert!(message == "footer" || message.parse::<Template>().is_ok(), "{name}");
    }
}

#[test]
fn every_message_renders_and_is_of_its_language() {
    everywhere(|template, locale| {
        let (subject, body) = email(template, locale, &ordinary());
        let text = sms(template, locale, &ordinary());
        for part in [&subject, &body, &text] {
            assert!(!part.contains(['{', '}', '$', '\u{2068}', '\u{2069}']), "{template}: {part}");
        }
        assert!(!subject.contains('\n') && subject.len() < 100, "{template}: {subject}");
        let (greeting, footer) = match locale {
            Locale::English => ("Hello Wanjiku Kamau,\n\n", "Please keep them to yourself.\n"),
            Locale::Swahili => ("Habari Wanjiku Kamau,\n\n", "Usimpe mtu yeyote.\n"),
        };
        assert!(body.starts_with(greeting) && body.ends_with(footer), "{template}: {body}");
        assert!(text.contains("Amana"), "{template}: {text}");
    });
    for template in Template::ALL {
        let both = Locale::ALL.iter().map(|locale| sms(*template, *locale, &ordinary()));
        assert_eq!(both.collect::<BTreeSet<_>>().len(), 2, "{template} is not translated");
    }
}

#[test]
fn an_ordinary_sms_fits_into_one_part() {
    everywhere(|template, locale| {
        let text = sms(template, locale, &ordinary());
        let septets = sms_septets(&text);
        assert!(septets.is_some_and(|n| n <= SMS_SEPTETS_MAX), "{locale} {septets:?}: {text}");
    });
}

#[test]
fn long_values_are_cut_so_that_an_sms_fits_into_two_parts() {
    let long = "Gĩkũyũ “typographic” words – ".repeat(20);
    let params = Params::from_iter(
        Template::ALL.iter().flat_map(|t| t.variables()).map(|variable| (*variable, long.as_str())),
    );
    everywhere(|template, locale| {
        let text = sms(template, locale, &params);
        let septets = sms_septets(&text);
        assert!(
            septets.is_some_and(|n| n <= SMS_SEPTETS_TWO_PARTS),
            "{locale} {septets:?}: {text}"
        );
        assert!(text.contains("Gikuyu \"typographic\" words -..."), "{text}");
    });
}

#[test]
fn a_missing_value_is_an_error_that_names_it() {
    for template in Template::ALL {
        for missing in template.variables() {
            for value in [None, Some(" \n\u{200b} ")] {
                let others = template.variables().iter().filter(|name| *name != missing);
                let mut params = Params::from_iter(others.map(|name| (*name, "value")));
                if let Some(value) = value {
                    params = params.with(*missing, value);
                }
                for channel in Channel::ALL {
                    let error = render(*template, *channel, Locale::English, &params).unwrap_err();
                    let expected =
                        TemplateError::MissingVariable { template: *template, variable: missing };
                    assert_eq!(error, expected);
                    assert!(error.to_string().contains(missing));
                }
            }
        }
    }
}

#[test]
fn a_value_stays_one_line_of_data() {
    let hostile = "Phone\r\nBcc: thief@example.com\u{2028}\u{202e}{ $amount }\u{7}\n\nNew text";
    let params = ordinary().with("deal_title", hostile);
    let (subject, body) = email(Template::DealAgreed, Locale::English, &params);
    assert_eq!(subject, "Agreed: Phone Bcc: thief@example.com { $amount } New text");
    assert!(body.contains("\"Phone Bcc: thief@example.com { $amount } New text\" for KES"));
    let text = sms(Template::DealAgreed, Locale::English, &params);
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
}

#[test]
fn a_text_in_another_script_is_kept() {
    let params = ordinary().with("name", "አበበ");
    let text = sms(Template::Welcome, Locale::Swahili, &params);
    assert!(text.starts_with("Karibu Amana, አበበ!"));
    assert_eq!(sms_septets(&text), None);
}

#[test]
fn values_come_from_json_text_only() {
    let value = json!({"name": "Asha", "amount": "KES 10.00"});
    let params = Params::from_json(&value).unwrap();
    assert_eq!(params, Params::new().with("name", "Asha").with("amount", "KES 10.00"));
    assert_eq!(params.to_json(), value);
    assert_eq!(serde_json::from_value::<Params>(value).unwrap(), params);
    assert_eq!(
        Params::from_json(&json!({"amount": 10})),
        Err(ParamsError::NotText("amount".to_owned()))
    );
    assert_eq!(Params::from_json(&json!(["Asha"])), Err(ParamsError::NotAnObject));
    let many = (0..33).map(|i| (format!("v{i}"), json!("x"))).collect();
    assert_eq!(Params::from_json(&many), Err(ParamsError::TooMany));
    assert!(!format!("{params:?}").contains("Asha"));
}
