//! The names of all environment variables.

use amana_domain::text_enum;
use strsim::damerau_levenshtein;

/// All names with this prefix belong to Amana. Others, such as `REDIS_PORT`, may belong to the environment.
const PREFIX: &str = "AMANA_";

/// A name with more typing errors gets no suggestion.
const TYPING_ERRORS_MAX: usize = 3;

text_enum! {
    pub enum Variable as "variable" {
        DatabaseUrl = "DATABASE_URL",
        DatabaseAppUrl = "DATABASE_APP_URL",
        DatabaseConnectionsMax = "DATABASE_CONNECTIONS_MAX",
        RedisUrl = "REDIS_URL",
        RedisCaFile = "REDIS_CA_FILE",
        RedisNamespace = "REDIS_NAMESPACE",
        StartWait = "AMANA_START_WAIT_S",
        Listen = "AMANA_LISTEN",
        StaffNetworks = "AMANA_STAFF_NETWORKS",
        JwtSecret = "AMANA_JWT_SECRET",
        MasterKey = "AMANA_MASTER_KEY",
        MasterKeyPrevious = "AMANA_MASTER_KEY_PREVIOUS",
        Mode = "AMANA_MODE",
        FilesDir = "AMANA_FILES_DIR",
        TrustedProxies = "AMANA_TRUSTED_PROXIES",
        AllowedOrigins = "AMANA_ALLOWED_ORIGINS",
        RateLimits = "AMANA_RATE_LIMITS",
        RequestsPerMinute = "AMANA_REQUESTS_PER_MINUTE",
        GeoipFile = "AMANA_GEOIP_FILE",
        FeePercentageBps = "AMANA_FEE_PERCENTAGE_BPS",
        FeeFixedMinor = "AMANA_FEE_FIXED_MINOR",
        PublicUrl = "AMANA_PUBLIC_URL",
        SupportContact = "AMANA_SUPPORT_CONTACT",
        WebUrl = "AMANA_WEB_URL",
        ReconcileEvery = "AMANA_RECONCILE_EVERY_S",
        JobLease = "AMANA_JOB_LEASE_S",
        MpesaBaseUrl = "MPESA_BASE_URL",
        MpesaConsumerKey = "MPESA_CONSUMER_KEY",
        MpesaConsumerSecret = "MPESA_CONSUMER_SECRET",
        MpesaShortcode = "MPESA_SHORTCODE",
        MpesaPasskey = "MPESA_PASSKEY",
        MpesaInitiator = "MPESA_INITIATOR",
        MpesaInitiatorPassword = "MPESA_INITIATOR_PASSWORD",
        MpesaCertificate = "MPESA_CERTIFICATE",
        MpesaStatementUrl = "MPESA_STATEMENT_URL",
        MpesaCallbackNetworks = "MPESA_CALLBACK_NETWORKS",
        MpesaRequestWait = "MPESA_REQUEST_WAIT_S",
        SmtpUrl = "SMTP_URL",
        MailFrom = "MAIL_FROM",
        SmsUrl = "AFRICASTALKING_URL",
        SmsUsername = "AFRICASTALKING_USERNAME",
        SmsApiKey = "AFRICASTALKING_API_KEY",
        SmsSenderId = "AFRICASTALKING_SENDER_ID",
        Log = "AMANA_LOG",
        LogFormat = "AMANA_LOG_FORMAT",
        AdminPassword = "AMANA_ADMIN_PASSWORD",
    }
}

impl Variable {
    /// Returns the variable of a setting of the M-Pesa adapter.
    #[must_use]
    pub fn of_mpesa(setting: &str) -> Self {
        match setting {
            "consumer_key" => Self::MpesaConsumerKey,
            "consumer_secret" => Self::MpesaConsumerSecret,
            "shortcode" => Self::MpesaShortcode,
            "passkey" => Self::MpesaPasskey,
            "initiator_name" => Self::MpesaInitiator,
            "initiator_password" => Self::MpesaInitiatorPassword,
            "certificate_pem" => Self::MpesaCertificate,
            "callback_base_url" => Self::PublicUrl,
            "statement_url" => Self::MpesaStatementUrl,
            _ => Self::MpesaBaseUrl,
        }
    }
}

/// Returns why a name is rejected. A misspelt variable would have no effect, and the default would be used
/// silently.
pub(super) fn rejection(name: &str) -> Option<String> {
    let is_ours = name.starts_with(PREFIX) && !is_service_link(name);
    if !is_ours || name.parse::<Variable>().is_ok() {
        return None;
    }
    let distance = |known: &Variable| damerau_levenshtein(name, known.as_str());
    let nearest = Variable::ALL.iter().min_by_key(|known| distance(known));
    let meant = nearest.filter(|known| distance(known) <= TYPING_ERRORS_MAX);
    let hint = meant.map(|known| format!(" (did you mean {known}?)")).unwrap_or_default();
    Some(format!("is unknown{hint}"))
}

/// Kubernetes gives each container the addresses of the services beside it: a service `amana` becomes
/// `AMANA_SERVICE_HOST`, `AMANA_PORT` and `AMANA_PORT_8080_TCP_ADDR`.
fn is_service_link(name: &str) -> bool {
    let is_port = |rest: &str| rest.starts_with(|letter: char| letter.is_ascii_digit());
    name.ends_with("_PORT")
        || name.contains("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.split("_PORT_").skip(1).any(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_rejected_with_what_was_meant() {
        let meant = |name: &str| rejection(name).unwrap();
        assert_eq!(meant("AMANA_LISTN"), "is unknown (did you mean AMANA_LISTEN?)");
        assert_eq!(meant("AMANA_JWT_SECERT"), "is unknown (did you mean AMANA_JWT_SECRET?)");
        assert_eq!(meant("AMANA_listen"), "is unknown");
        assert_eq!(meant("AMANA_COLOUR_OF_THE_SKY"), "is unknown");
    }

    #[test]
    fn names_of_others_are_left_alone() {
        for name in [
            "PATH",
            "REDIS_PORT",
            "DATABASE_URI",
            "AMANA_SERVICE_HOST",
            "AMANA_SERVICE_PORT_HTTP",
            "AMANA_PORT",
            "AMANA_PORT_8080_TCP_ADDR",
            "AMANA_API_PORT",
        ] {
            assert_eq!(rejection(name), None, "{name}");
        }
        assert!(Variable::ALL.iter().all(|known| rejection(known.as_str()).is_none()));
    }

    /// Users look into the configuration table first, so it must have a row for each variable.
    #[test]
    fn every_variable_is_in_the_documentation() {
        let page = include_str!("../../../docs/operations.md");
        for known in Variable::ALL {
            let row = page
                .lines()
                .any(|line| line.starts_with("| `") && line.contains(&format!("`{known}`")));
            assert!(row, "{known} is in no row of docs/operations.md");
        }
    }
}
