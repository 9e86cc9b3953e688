//! Every template in every language and channel: complete, consistent, short and safe.

mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use amana_domain::deal::Cause;
use amana_domain::notice::{Channel, Locale, Template};
use amana_domain::payment::FailureReason;
use amana_messaging::{
    Detail, House, Params, ParamsError, Rendered, TemplateError, sms_septets, variables,
};
use serde_json::json;

const SMS_SEPTETS_MAX: usize = 160;
/// Two joined parts; the joining header takes seven septets of each.
const SMS_SEPTETS_TWO_PARTS: usize = 306;

/// Typical values, at the long end of what is usual.
fn ordinary() -> Params {
    Params::from_iter([
        ("name", "Wanjiku Kama"),
        ("counterparty", "Otieno Odhia"),
        ("deal_title", "Samsung Galaxy A15 128GB"),
        ("amount", "KES 125,000.00"),
        ("milestone", "Delivery of first 20 pcs"),
        ("deadline", "24.11.2026 18:00 EAT"),
        ("receipt", "SKL4A1B2C3"),
        ("reason", "name on M-Pesa differs"),
        ("code", "031415"),
        ("device", "Chrome on Android"),
        ("at", "24.11.2026 18:00 EAT"),
        ("left", "10"),
        ("organisation", "Soko la Wakulima"),
        ("place", "Nairobi, KE"),
        ("tier", "standard"),
        ("key", "Shop"),
        ("silence", "answer"),
        ("price", "KES 125,000.00"),
        ("fee", "KES 1,875.00"),
        ("for_seller", "KES 75,000.00"),
        ("for_buyer", "KES 50,000.00"),
        ("why", "not_answered"),
        ("outcome", "divided"),
        ("ended", "agreed"),
        ("next", "buyer"),
    ])
}

/// Renders a message for a deployment without contact details.
fn render(
    template: Template,
    channel: Channel,
    locale: Locale,
    params: &Params,
) -> Result<Rendered, TemplateError> {
    amana_messaging::render(template, channel, locale, params, &House::default())
}

/// Lists the variables of a template, the optional one last.
fn declared(template: Template) -> Vec<&'static str> {
    let known = variables(template);
    known.required.iter().copied().chain(known.detail.map(Detail::variable)).collect()
}

/// Lists the templates that have one of these details.
fn telling(details: &[Detail]) -> Vec<Template> {
    let tells = |template: &Template| {
        variables(*template).detail.is_some_and(|detail| details.contains(&detail))
    };
    Template::ALL.iter().copied().filter(tells).collect()
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

/// Reads the variables of every text of a language from the files, by `message.attribute`.
fn written(locale: Locale) -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(locale.as_str());
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
                assert!(!texts.contains_key(&text), "{locale}: {message} is defined twice");
            } else if name.starts_with('.') {
                text = format!("{message}{name}");
                assert!(!texts.contains_key(&text), "{locale}: {text} is defined twice");
            }
            let variables = line.split("{ $").skip(1).map(|rest| rest.split_once(" }").unwrap().0);
            let known: &mut BTreeSet<String> = texts.entry(text.clone()).or_default();
            known.extend(variables.map(str::to_owned));
        }
    }
    texts
}

#[test]
fn every_text_uses_the_same_variables_in_both_languages() {
    let english = written(Locale::English);
    assert_eq!(english, written(Locale::Swahili));
    for template in Template::ALL {
        let used = ["subject", "body", "sms"]
            .iter()
            .flat_map(|part| english[&format!("{template}.{part}")].iter().map(String::as_str));
        let declared: BTreeSet<_> = declared(*template).into_iter().collect();
        // The deal names a part as well; a few texts use the part's own title instead.
        let is_part = declared.contains("milestone");
        let used: BTreeSet<_> = used.filter(|name| !(is_part && *name == "milestone")).collect();
        let told: BTreeSet<_> = declared
            .into_iter()
            .filter(|name| *name != "milestone")
            .map(|name| if is_part && name == "deal_title" { "part" } else { name })
            .collect();
        assert_eq!(used, told, "{template}");
        let in_body: BTreeSet<_> =
            english[&format!("{template}.body")].iter().map(String::as_str).collect();
        let rest: Vec<_> = told.difference(&in_body).collect();
        assert!(rest.is_empty(), "{template}: the e-mail tells all of it, but {rest:?}");
    }
}

#[test]
fn no_text_belongs_to_nothing() {
    for name in written(Locale::English).keys().filter(|name| !name.is_empty()) {
        let (message, part) = name.split_once('.').unwrap_or((name, ""));
        let known = match message {
            "footer" | "receipt" | "explanation" | "place" | "link" | "part" | "whole"
            | "open_amana" | "contact_us" => part.is_empty(),
            "why" => part.is_empty() || part.parse::<Cause>().is_ok(),
            "stand_in" | "outcome" | "ended" | "agreed_next" | "funded_next" => true,
            "payment_failure" | "payout_failure" => {
                ["", "unknown"].contains(&part) || part.parse::<FailureReason>().is_ok()
            }
            "silence" => {
                ["", "unknown", "acceptance", "funding", "delivery", "inspection", "answer"]
                    .contains(&part)
            }
            _ => {
                ["", "subject", "body", "sms"].contains(&part)
                    && message.parse::<Template>().is_ok()
            }
        };
        assert!(known, "{name}");
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
        // The recipient of an invitation, or of a message to an unverified contact, has no known
        // name.
        let body = match template {
            Template::Invitation
            | Template::DealInvitation
            | Template::VerifyEmail
            | Template::VerifyPhone
            | Template::ResetPassword => body.replacen(",\n\n", " Wanjiku Kama,\n\n", 1),
            _ => body,
        };
        let (greeting, footer) = match locale {
            Locale::English => ("Hello Wanjiku Kama,\n\n", "Please keep them to yourself.\n"),
            Locale::Swahili => ("Habari Wanjiku Kama,\n\n", "Usimpe mtu yeyote.\n"),
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
        Template::ALL.iter().flat_map(|t| declared(*t)).map(|variable| (variable, long.as_str())),
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
fn every_reason_is_told_in_both_languages() {
    let templates = telling(&[Detail::PaymentFailure, Detail::PayoutFailure]);
    assert_eq!(
        templates,
        [Template::PaymentFailed, Template::DepositFailed, Template::WithdrawalFailed]
    );
    for template in templates {
        let without = ordinary().with("reason", "");
        for reason in FailureReason::ALL {
            let params = ordinary().with("reason", reason.as_str());
            let mut told = BTreeSet::new();
            for locale in Locale::ALL {
                let text = sms(template, *locale, &params);
                let septets = sms_septets(&text);
                assert!(septets.is_some_and(|n| n <= SMS_SEPTETS_MAX), "{septets:?}: {text}");
                let (_, body) = email(template, *locale, &params);
                assert!(!body.contains(reason.as_str()), "unknown code shown as it is: {body}");
                assert_ne!(
                    body,
                    email(template, *locale, &without).1,
                    "{reason} has no text of its own"
                );
                // The sentence after the template's own part is the same as in the e-mail.
                let own = sms(template, *locale, &without);
                let alike = text.bytes().zip(own.bytes()).take_while(|(a, b)| a == b).count();
                let start = text[..alike].rfind(". ").unwrap() + 2;
                assert!(body.contains(&text[start..]), "{text} / {body}");
                told.insert(text[start..].to_owned());
            }
            assert_eq!(told.len(), 2, "{template} {reason} is not translated");
        }
    }
}

#[test]
fn amana_s_own_failings_are_not_blamed_on_the_reader() {
    for reason in ["insufficient_funds", "wrong_pin", "payer_locked"] {
        let params = ordinary().with("reason", reason);
        let paying = sms(Template::DepositFailed, Locale::English, &params);
        let paid_out = sms(Template::WithdrawalFailed, Locale::English, &params);
        let blames = |text: &str| {
            ["Your M-Pesa balance", "PIN", "Your M-Pesa was"].iter().any(|b| text.contains(b))
        };
        assert!(blames(&paying) && !blames(&paid_out), "{paying} / {paid_out}");
    }
}

#[test]
fn a_reason_that_is_not_known_leaves_only_the_next_step() {
    for template in telling(&[Detail::PaymentFailure, Detail::PayoutFailure]) {
        for value in ["", "struck_by_lightning", "Cancelled by the payer."] {
            let params = ordinary().with("reason", value);
            let text = sms(template, Locale::English, &params);
            assert!(text.ends_with(". You can try again whenever you are ready."), "{text}");
        }
    }
}

#[test]
fn what_is_absent_leaves_no_gap() {
    let required: BTreeSet<_> =
        Template::ALL.iter().flat_map(|template| variables(*template).required).copied().collect();
    let ordinary = ordinary().to_json();
    let value = |name| (name, ordinary[name].as_str().unwrap());
    let bare = Params::from_iter(required.into_iter().map(value));
    let blank = bare.clone().with("receipt", " ").with("reason", "\u{200b}");
    everywhere(|template, locale| {
        for channel in Channel::ALL {
            let rendered = render(template, *channel, locale, &bare).unwrap();
            assert_eq!(rendered, render(template, *channel, locale, &blank).unwrap());
            let text = rendered.text();
            assert!(
                !["  ", " \n", "\n\n\n", ": \n", ":\n"].iter().any(|gap| text.contains(gap)),
                "{text:?}"
            );
            let end = text.trim_end_matches('\n');
            assert!(end.ends_with(['.', '?', '!']), "{text:?}");
            let told = ["receipt", "Risiti", "Reason", "Sababu"];
            assert!(!told.iter().any(|word| text.contains(word)), "{text:?}");
        }
    });
}

#[test]
fn what_is_there_is_told() {
    for template in telling(&[Detail::Receipt]) {
        let text = sms(template, Locale::English, &ordinary());
        assert!(text.ends_with(". M-Pesa receipt: SKL4A1B2C3"), "{text}");
        let (_, body) = email(template, Locale::Swahili, &ordinary());
        assert!(body.contains("\n\nRisiti ya M-Pesa: SKL4A1B2C3\n\n"), "{body}");
    }
    // The text of an operator is shown unchanged, even if it equals a known code.
    for words in ["name on M-Pesa differs", "rejected"] {
        let params = ordinary().with("reason", words);
        let (_, body) = email(Template::WithdrawalRejected, Locale::English, &params);
        assert!(body.contains(&format!("\n\nReason: {words}\n\n")), "{body}");
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
    assert_eq!(Params::from_json(&json!({"amount": 10})), Ok(Params::new()));
    let absent = Params::from_json(&json!({"name": "Asha", "receipt": null})).unwrap();
    assert_eq!(absent, Params::new().with("name", "Asha"));
    assert_eq!(Params::from_json(&json!(["Asha"])), Err(ParamsError::NotAnObject));
    let many = (0..33).map(|i| (format!("v{i}"), json!("x"))).collect();
    assert_eq!(Params::from_json(&many), Err(ParamsError::TooMany));
    assert!(!format!("{params:?}").contains("Asha"));
}
