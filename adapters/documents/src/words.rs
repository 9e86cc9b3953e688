//! Headings and transaction types in the supported languages.

use amana_domain::ledger::EntryKind;
use amana_domain::notice::Locale;

pub(crate) struct Words {
    pub(crate) title: &'static str,
    pub(crate) holder: &'static str,
    pub(crate) period: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) made: &'static str,
    pub(crate) time_zone: &'static str,
    pub(crate) opening: &'static str,
    pub(crate) total_in: &'static str,
    pub(crate) total_out: &'static str,
    pub(crate) closing: &'static str,
    pub(crate) time: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) counterparty: &'static str,
    pub(crate) handle: &'static str,
    pub(crate) note: &'static str,
    pub(crate) category: &'static str,
    pub(crate) reference: &'static str,
    pub(crate) transaction: &'static str,
    pub(crate) amount: &'static str,
    pub(crate) balance: &'static str,
    pub(crate) nothing: &'static str,
    pub(crate) page: &'static str,
    pub(crate) of: &'static str,
}

const ENGLISH: Words = Words {
    title: "Account statement",
    holder: "Account holder",
    period: "Period",
    currency: "Currency",
    made: "Issued",
    time_zone: "East Africa Time (UTC+3)",
    opening: "Opening balance",
    total_in: "Total in",
    total_out: "Total out",
    closing: "Closing balance",
    time: "Time",
    kind: "Type",
    counterparty: "Other party",
    handle: "Handle",
    note: "Note",
    category: "Category",
    reference: "Reference",
    transaction: "Transaction",
    amount: "Amount",
    balance: "Balance",
    nothing: "No transactions in this period.",
    page: "Page",
    of: "of",
};

const SWAHILI: Words = Words {
    title: "Taarifa ya akaunti",
    holder: "Mwenye akaunti",
    period: "Kipindi",
    currency: "Sarafu",
    made: "Imetolewa",
    time_zone: "Saa za Afrika Mashariki (UTC+3)",
    opening: "Salio la mwanzo",
    total_in: "Jumla iliyoingia",
    total_out: "Jumla iliyotoka",
    closing: "Salio la mwisho",
    time: "Wakati",
    kind: "Aina",
    counterparty: "Mhusika mwingine",
    handle: "Jina fupi",
    note: "Ujumbe",
    category: "Kundi",
    reference: "Rejea",
    transaction: "Muamala",
    amount: "Kiasi",
    balance: "Salio",
    nothing: "Hakuna miamala katika kipindi hiki.",
    page: "Ukurasa",
    of: "kati ya",
};

pub(crate) const fn words(locale: Locale) -> &'static Words {
    match locale {
        Locale::English => &ENGLISH,
        Locale::Swahili => &SWAHILI,
    }
}

pub(crate) const fn kind(kind: EntryKind, locale: Locale) -> &'static str {
    let (english, swahili) = match kind {
        EntryKind::Deposit => ("Deposit", "Kuweka pesa"),
        EntryKind::Fund => ("Paid into escrow", "Malipo ya mkataba yamewekwa"),
        EntryKind::Release => ("Released from escrow", "Malipo ya mkataba yametolewa"),
        EntryKind::Refund => ("Refund from escrow", "Malipo ya mkataba yamerejeshwa"),
        EntryKind::Split => ("Escrow divided", "Malipo ya mkataba yamegawanywa"),
        EntryKind::PayoutReserve => ("Withdrawal", "Kutoa pesa"),
        EntryKind::PayoutSettle => ("Withdrawal paid", "Pesa zimetolewa"),
        EntryKind::PayoutReturn => ("Withdrawal returned", "Pesa za kutoa zimerejeshwa"),
        EntryKind::SuspenseIn => ("Unmatched payment", "Malipo yasiyo na mwenyewe"),
        EntryKind::SuspenseOut => ("Payment matched", "Malipo yaliyopata mwenyewe"),
        EntryKind::ProviderCharge => ("M-Pesa charge", "Ada ya M-Pesa"),
        EntryKind::Settlement => ("Moved to the bank", "Pesa zimepelekwa benki"),
        EntryKind::Reversal => ("Correction", "Marekebisho"),
        EntryKind::Transfer => ("Transfer", "Uhamisho wa pesa"),
        EntryKind::Hold => ("Reserved", "Pesa zimetengwa"),
        EntryKind::HoldSettle => ("Paid from a reservation", "Malipo ya pesa zilizotengwa"),
        EntryKind::HoldRelease => ("Reservation released", "Pesa zilizotengwa zimerejeshwa"),
    };
    match locale {
        Locale::English => english,
        Locale::Swahili => swahili,
    }
}
