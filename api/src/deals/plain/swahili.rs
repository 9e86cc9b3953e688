//! Status sentences in Swahili.

use super::Standing;

pub(super) fn text(standing: &Standing) -> String {
    let buyer = |name: &Option<&str>| name.unwrap_or("mnunuzi").to_owned();
    let seller = |name: &Option<&str>| name.unwrap_or("muuzaji").to_owned();
    let one = |name: &Option<&str>| name.unwrap_or("upande mwingine").to_owned();
    match standing {
        Standing::CancellationRequested { by, other } => {
            format!("{} anaomba kusitisha makubaliano; {} akubali.", one(by), one(other))
        }
        Standing::Draft { by } => format!("Rasimu; {} bado hajaipendekeza.", one(by)),
        Standing::Invited => "Imependekezwa; inasubiri aliyealikwa ajiunge.".to_owned(),
        Standing::Proposed { to } => format!("Imependekezwa; inasubiri {} akubali.", one(to)),
        Standing::Payment(text) => text.clone(),
        Standing::PaidInPart { paid, left } => {
            format!("{paid} zimelipwa; bado {left} zinadaiwa.")
        }
        Standing::InWallet { buyer: name } => format!(
            "Malipo yamefika kwenye salio la {}, lakini si kwenye makubaliano; yanaweza kulipwa kutoka hapo.",
            buyer(name)
        ),
        Standing::Unpaid { buyer: name } => {
            format!("Mmekubaliana; inasubiri {} alipe.", buyer(name))
        }
        Standing::Funded { seller: name } => {
            format!("Pesa zimewekwa salama; {} akabidhi.", seller(name))
        }
        Standing::Delivered { buyer: name } => {
            format!("Imekabidhiwa; inasubiri {} aachilie pesa au apinge.", buyer(name))
        }
        Standing::Disputed => "Kuna mgogoro; pesa zimefungwa hadi utatuliwe.".to_owned(),
        Standing::Released => "Imekamilika; muuzaji amelipwa.".to_owned(),
        Standing::Divided => {
            "Imekamilika; muuzaji amepata sehemu, zilizobaki zimerudi kwa aliyelipa.".to_owned()
        }
        Standing::Refunded => "Imeisha; aliyelipa amerudishiwa pesa.".to_owned(),
        Standing::Cancelled => "Ilisitishwa kabla ya kulipwa.".to_owned(),
        Standing::NotAccepted => "Imeisha; pendekezo halikukubaliwa kwa wakati.".to_owned(),
        Standing::NotPaid => {
            "Imeisha; haikulipwa kwa wakati, na aliyelipa sehemu amerudishiwa.".to_owned()
        }
    }
}
