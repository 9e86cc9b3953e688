//! The key pair for the initiator password: clients encrypt it with the certificate.

use std::{
    fmt, fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, anyhow};
use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use base64::{Engine, prelude::BASE64_STANDARD};

const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "certificate-key.der";
const CREDENTIAL_BYTES_MAX: usize = 1024;

pub(crate) struct Authority {
    pub(crate) certificate_pem: String,
    key: Pkcs1PrivateDecryptingKey,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// Loads the key pair in `dir`, or creates one there.
    pub(crate) fn open(dir: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(dir) = dir
            && dir.join(KEY).exists()
            && dir.join(CERTIFICATE).exists()
        {
            return Self::from_parts(
                fs::read_to_string(dir.join(CERTIFICATE)).context("cannot read the certificate")?,
                &fs::read(dir.join(KEY)).context("cannot read the certificate's key")?,
            );
        }
        let Some(dir) = dir else { return Self::of_this_process() };
        let (certificate_pem, key) = generate()?;
        crate::journal::replace(&dir.join(CERTIFICATE), certificate_pem.as_bytes())?;
        write_private(&dir.join(KEY), &key)?;
        Self::from_parts(certificate_pem, &key)
    }

    /// Shares one key pair per process, because generating one takes longer than the rest of a start.
    fn of_this_process() -> anyhow::Result<Self> {
        static MADE: Mutex<Option<(String, Vec<u8>)>> = Mutex::new(None);
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let (certificate_pem, key) = match &*made {
            Some(pair) => pair.clone(),
            None => made.insert(generate()?).clone(),
        };
        drop(made);
        Self::from_parts(certificate_pem, &key)
    }

    fn from_parts(certificate_pem: String, key: &[u8]) -> anyhow::Result<Self> {
        let key = PrivateDecryptingKey::from_pkcs8(key)
            .map_err(|_| anyhow!("the certificate's key is not an RSA key in PKCS#8"))?;
        let key = Pkcs1PrivateDecryptingKey::new(key)
            .map_err(|_| anyhow!("the certificate's key cannot be used for decryption"))?;
        Ok(Self { certificate_pem, key })
    }

    /// Whether the credential is `password`, encrypted with our certificate (PKCS#1 v1.5) in base64.
    pub(crate) fn accepts(&self, credential: &str, password: &str) -> bool {
        if credential.len() > CREDENTIAL_BYTES_MAX {
            return false;
        }
        let Ok(sealed) = BASE64_STANDARD.decode(credential) else { return false };
        let mut room = vec![0; self.key.min_output_size()];
        match self.key.decrypt(&sealed, &mut room) {
            Ok(opened) => *opened == *password.as_bytes(),
            Err(_) => false,
        }
    }
}

fn generate() -> anyhow::Result<(String, Vec<u8>)> {
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .context("cannot generate an RSA key")?;
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "amana-sandbox apicrypt");
    let certificate = params.self_signed(&key).context("cannot sign the certificate")?;
    Ok((certificate.pem(), key.serialize_der()))
}

fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("create {}", path.display()))?;
    file.write_all(bytes).with_context(|| format!("write {}", path.display()))
}
