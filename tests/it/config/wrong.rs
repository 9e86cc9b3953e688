//! Invalid settings of the commands other than `api` and `worker`.

use super::{ADMIN, Wrong};

pub(super) const WRONG_OF_OTHERS: &[(&[&str], Wrong)] = &[
    (ADMIN, ("AMANA_MASTER_KEY", "sesame", "32 bytes in base64")),
    (ADMIN, ("AMANA_ADMIN_PASSWORD", "sesame", "at least 10")),
    (ADMIN, ("AMANA_ADMIN_PASSWORD", "sesamesesame", "easy to guess")),
    (&["migrate"], ("DATABASE_URL", "sesame", "postgres://")),
    (&["migrate"], ("DATABASE_APP_URL", "sesame", "postgres://")),
    (&["ledger", "check"], ("DATABASE_URL", "sesame", "postgres://")),
    (&["openapi"], ("AMANA_MODUS", "test", "did you mean AMANA_MODE?")),
    (&["up"], ("AMANA_LOG_FORMAT", "yaml", "text or json")),
    (&["demo"], ("AMANA_LOGS", "info", "did you mean AMANA_LOG?")),
];
