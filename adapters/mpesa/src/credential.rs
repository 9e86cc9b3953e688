//! Encrypts the initiator's password with Safaricom's certificate.

use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};
use x509_parser::pem::parse_x509_pem;

use crate::config::{ConfigError, refuse};

/// PKCS#1 v1.5 uses 11 of the 256 bytes of a 2048-bit key, the smallest that is supported.
pub(crate) const PASSWORD_BYTES_MAX: usize = 245;
const SETTING: &str = "certificate_pem";

pub(crate) struct Encryptor(Pkcs1PublicEncryptingKey);

impl Encryptor {
    /// Ignores the validity dates: the certificates in use expired years ago and only transport a key.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, ConfigError> {
        let Ok((_, pem)) = parse_x509_pem(pem.as_bytes()) else {
            return refuse(SETTING, "must be a certificate in PEM");
        };
        let Ok(certificate) = pem.parse_x509() else {
            return refuse(SETTING, "must be an X.509 certificate");
        };
        PublicEncryptingKey::from_der(certificate.public_key().raw)
            .ok()
            .and_then(|key| Pkcs1PublicEncryptingKey::new(key).ok())
            .map(Self)
            .map_or_else(|| refuse(SETTING, "must contain an RSA key of at least 2048 bits"), Ok)
    }

    /// Returns `None` only if the password is too long, which the configuration excludes.
    pub(crate) fn encrypt(&self, password: &SecretString) -> Option<String> {
        let mut room = vec![0; self.0.ciphertext_size()];
        let sealed = self.0.encrypt(password.expose_secret().as_bytes(), &mut room).ok()?;
        Some(STANDARD.encode(sealed))
    }
}

impl std::fmt::Debug for Encryptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encryptor({} bits)", self.0.key_size_bits())
    }
}

/// An expired certificate and its private key.
#[cfg(test)]
pub(crate) fn test_certificate() -> &'static (String, Vec<u8>) {
    static MADE: std::sync::LazyLock<(String, Vec<u8>)> = std::sync::LazyLock::new(|| {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["apicrypt.test".into()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2014, 1, 1);
        params.not_after = rcgen::date_time_ymd(2016, 1, 1);
        (params.self_signed(&key).unwrap().pem(), key.serialize_der())
    });
    &MADE
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};

    #[test]
    fn the_private_key_reads_the_password_back() {
        let (pem, private) = test_certificate();
        let sealed = Encryptor::from_pem(pem).unwrap().encrypt(&"Safe#1".into()).unwrap();
        assert_eq!(sealed.len(), 344, "the length that 2048 bits give in base64");
        let sealed = STANDARD.decode(sealed).unwrap();
        let key = PrivateDecryptingKey::from_pkcs8(private).unwrap();
        let key = Pkcs1PrivateDecryptingKey::new(key).unwrap();
        let mut room = vec![0; key.min_output_size()];
        assert_eq!(key.decrypt(&sealed, &mut room).unwrap(), b"Safe#1");
    }

    #[test]
    fn what_is_no_rsa_certificate_is_refused() {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["a.test".into()]).unwrap();
        let elliptic = params.self_signed(&key).unwrap().pem();
        let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "not a pem", bad, elliptic.as_str()] {
            assert_eq!(Encryptor::from_pem(pem).unwrap_err().setting, SETTING);
        }
    }
}
