//! Required content of messages: a link, a place to ask, and what happened to a deal's money.

use super::*;

#[test]
fn a_mail_tells_where_to_ask() {
    let house = House {
        web_url: Some("https://app.example.com".to_owned()),
        support_contact: Some("help@example.com".to_owned()),
    };
    everywhere(|template, locale| {
        let rendered =
            amana_messaging::render(template, Channel::Email, locale, &ordinary(), &house).unwrap();
        let text = rendered.text();
        assert!(text.contains("https://app.example.com") && text.contains("help@example.com"));
    });
    let invited = amana_messaging::render(
        Template::DealInvitation,
        Channel::Sms,
        Locale::English,
        &ordinary(),
        &house,
    );
    assert!(invited.unwrap().text().ends_with("Open https://app.example.com"));
}

#[test]
fn a_deal_of_one_part_has_one_title() {
    let params = ordinary().with("milestone", "Radio").with("deal_title", "Radio");
    for locale in Locale::ALL {
        let (_, body) = email(Template::MilestoneDelivered, *locale, &params);
        assert_eq!(body.matches("Radio").count(), 1, "{body}");
    }
}

#[test]
fn the_buyer_is_told_how_to_object() {
    for (locale, word) in [(Locale::English, "dispute"), (Locale::Swahili, "mgogoro")] {
        for template in [Template::MilestoneDelivered, Template::DeadlineNear] {
            let params = ordinary().with("silence", "inspection");
            assert!(sms(template, locale, &params).contains(word), "{template} {locale}");
            assert!(email(template, locale, &params).1.contains(word), "{template} {locale}");
        }
    }
}

#[test]
fn every_cause_and_every_next_step_is_told_in_one_sms() {
    for locale in Locale::ALL {
        for cause in Cause::ALL {
            for template in telling(&[Detail::Why]) {
                let text = sms(template, *locale, &ordinary().with("why", cause.as_str()));
                let septets = sms_septets(&text);
                assert!(septets.is_some_and(|n| n <= SMS_SEPTETS_MAX), "{septets:?}: {text}");
            }
        }
        for (detail, name, values) in [
            (Detail::AgreedNext, "next", &["buyer", "seller", ""][..]),
            (Detail::FundedNext, "next", &["buyer", "seller", "payer", ""]),
            (Detail::Outcome, "outcome", &["released", "refunded", "divided", ""]),
            (Detail::Ended, "ended", &["proposed", "agreed", ""]),
            (Detail::Silence, "silence", &["acceptance", "funding", "delivery", "inspection", ""]),
        ] {
            for template in telling(&[detail]) {
                let told: BTreeSet<String> = values
                    .iter()
                    .map(|value| sms(template, *locale, &ordinary().with(name, *value)))
                    .collect();
                for text in &told {
                    let septets = sms_septets(text);
                    assert!(septets.is_some_and(|n| n <= SMS_SEPTETS_MAX), "{septets:?}: {text}");
                }
            }
        }
    }
}

#[test]
fn a_refund_tells_each_reader_their_own_side() {
    let params = ordinary().with("why", "not_delivered");
    let text = sms(Template::MilestoneRefunded, Locale::English, &params);
    assert!(
        text.ends_with("is back in your Amana balance. It was not delivered in time."),
        "{text}"
    );
    let text = sms(Template::BuyerRefunded, Locale::English, &params);
    assert!(
        text.ends_with("went back to the buyer's side. It was not delivered in time."),
        "{text}"
    );
}

#[test]
fn a_message_is_never_lost_for_want_of_a_value() {
    everywhere(|template, locale| {
        let required = variables(template).required;
        for missing in required {
            for value in [None, Some(" \n\u{200b} ")] {
                let others = required.iter().filter(|name| *name != missing);
                let mut params = Params::from_iter(others.map(|name| (*name, "value")));
                if let Some(value) = value {
                    params = params.with(*missing, value);
                }
                for channel in Channel::ALL {
                    let rendered = render(template, *channel, locale, &params);
                    if *missing == "code" {
                        let variable = *missing;
                        assert_eq!(
                            rendered,
                            Err(TemplateError::MissingVariable { template, variable })
                        );
                    } else {
                        let text = rendered.unwrap().text().to_owned();
                        assert!(!text.contains(['{', '}', '\u{200b}']), "{template}: {text}");
                    }
                }
            }
        }
    });
    let params = ordinary().with("counterparty", "\u{200b}");
    let text = sms(Template::DisputeOpened, Locale::English, &params);
    assert!(text.starts_with("Amana: the other party opened a dispute"), "{text}");
    let text = sms(Template::DisputeOpened, Locale::Swahili, &params);
    assert!(text.starts_with("Amana: mhusika mwingine amefungua"), "{text}");
}
