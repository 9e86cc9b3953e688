//! TLS connections to PostgreSQL and Redis: only the right certificate authority is accepted.

use amana::local::{Child, Durability, Port, Postgres, Program, Scratch};
use amana_harness::{JWT_SECRET, MASTER_KEY, amana_binary, eventually, master_keys, namespace};
use amana_postgres::{Store, StoreError};
use amana_redis::{Transport, TransportError};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const EXIT_CONFIGURATION: i32 = 2;
const READY_WAIT: Duration = Duration::from_secs(20);

const DATABASE: &str = "secure";

/// Refuses connections without TLS.
const ONLY_TLS: &str = "hostssl all all 127.0.0.1/32 md5\n";

/// Two certificate authorities, and a certificate of the first for `localhost`.
struct Certificates {
    authority: PathBuf,
    other: PathBuf,
    certificate: String,
    key: String,
}

impl Certificates {
    fn make(folder: &Path) -> Self {
        let (authority, pem) = authority("ours");
        let (_, other_pem) = self::authority("another");
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &authority).expect("a certificate").pem();
        let write = |name: &str, text: &str| {
            let file = folder.join(name);
            std::fs::write(&file, text).expect("written");
            file
        };
        Self {
            authority: write("ca.pem", &pem),
            other: write("other.pem", &other_pem),
            certificate,
            key: key.serialize_pem(),
        }
    }
}

fn authority(name: &str) -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key).expect("a certificate").pem();
    (Issuer::new(params, key), pem)
}

/// Starts a private PostgreSQL that accepts TLS connections only.
fn postgres(scratch: &Scratch, certificates: &Certificates) -> Postgres {
    let folder = scratch.join("postgres");
    Postgres::start(&folder, Durability::TestOnly).expect("PostgreSQL").stop().expect("stopped");
    let data = folder.join("data");
    let owner = std::fs::metadata(&data).expect("the data");
    let write = |name: &str, text: &str| {
        let file = data.join(name);
        std::fs::write(&file, text).expect("written");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("closed");
        chown(&file, Some(owner.uid()), Some(owner.gid())).expect("given");
    };
    write("server.crt", &certificates.certificate);
    write("server.key", &certificates.key);
    write("pg_hba.conf", ONLY_TLS);
    write("postgresql.auto.conf", "ssl = on\n");
    let postgres = Postgres::start(&folder, Durability::TestOnly).expect("PostgreSQL with TLS");
    postgres.create_database(DATABASE).expect("a database");
    postgres
}

/// A private Redis that accepts TLS connections only.
struct Redis {
    port: Port,
    _child: Child,
}

impl Redis {
    fn start(scratch: &Scratch, certificates: &Certificates) -> Self {
        let (certificate, key) = (scratch.join("redis.crt"), scratch.join("redis.key"));
        std::fs::write(&certificate, &certificates.certificate).expect("written");
        std::fs::write(&key, &certificates.key).expect("written");
        let port = Port::reserve(0).expect("a port");
        let number = port.address.port().to_string();
        let mut child =
            Program::new("redis", Path::new("redis-server"), &scratch.join("redis.log"))
                .args(["--port", "0", "--bind", "127.0.0.1", "--save", "", "--tls-port", &number])
                .args(["--tls-auth-clients", "no", "--tls-cert-file"])
                .args([certificate.as_os_str(), "--tls-key-file".as_ref(), key.as_os_str()])
                .args(["--tls-ca-cert-file".as_ref(), certificates.authority.as_os_str()])
                .start()
                .expect("Redis starts");
        let address = port.address;
        child
            .wait_until(READY_WAIT, || std::net::TcpStream::connect(address).is_ok())
            .expect("Redis with TLS");
        Self { port, _child: child }
    }

    fn url(&self, host: &str) -> String {
        format!("rediss://{host}:{}", self.port.address.port())
    }
}

struct World {
    // Dropped in this order: the servers end before their folder is removed.
    postgres: Postgres,
    redis: Redis,
    certificates: Certificates,
    scratch: Scratch,
}

impl World {
    async fn new() -> Self {
        let made = tokio::task::spawn_blocking(|| {
            let scratch = Scratch::new().expect("a folder");
            let certificates = Certificates::make(scratch.path());
            let postgres = postgres(&scratch, &certificates);
            let redis = Redis::start(&scratch, &certificates);
            Self { postgres, redis, certificates, scratch }
        });
        made.await.expect("servers")
    }

    fn database_url(&self, host: &str, options: &str) -> String {
        let url = self.postgres.url(DATABASE).replace("127.0.0.1", host);
        format!("{url}?{options}")
    }

    fn verified(&self, host: &str, authority: &Path) -> String {
        let options = format!("sslmode=verify-full&sslrootcert={}", authority.display());
        self.database_url(host, &options)
    }

    /// Returns the settings of an API.
    fn environment(&self, database_url: String, authority: &Path) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", database_url),
            ("REDIS_URL", self.redis.url("localhost")),
            ("REDIS_CA_FILE", authority.display().to_string()),
            ("REDIS_NAMESPACE", namespace()),
            ("AMANA_JWT_SECRET", JWT_SECRET.to_owned()),
            ("AMANA_MASTER_KEY", MASTER_KEY.to_owned()),
            ("AMANA_FILES_DIR", self.scratch.join("files").display().to_string()),
        ]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_verified_as_sslmode_says() {
    let world = World::new().await;
    let good = world.verified("localhost", &world.certificates.authority);
    Store::migrate(&good).await.expect("migrations use TLS");
    let store = Store::connect(&good, 2, &master_keys()).await.expect("a store");
    store.ping().await.expect("an answer");
    let encrypted = "select count(*) from pg_stat_ssl s join pg_stat_activity a using (pid) \
        where s.ssl and a.datname = 'secure' and a.application_name <> 'psql'";
    let count = world.postgres.psql(DATABASE, encrypted).expect("a count");
    assert_ne!(count, "0");
    for options in ["sslmode=require", "sslmode=prefer", ""] {
        let url = world.database_url("127.0.0.1", options);
        Store::connect_without_keys(&url, 1).await.expect(options);
    }
    for (url, wanted) in [
        (world.verified("localhost", &world.certificates.other), "UnknownIssuer"),
        (world.verified("127.0.0.1", &world.certificates.authority), "not valid for name"),
        (world.database_url("localhost", "sslmode=verify-full"), "UnknownIssuer"),
        (world.database_url("127.0.0.1", "sslmode=disable"), "no encryption"),
    ] {
        let refused = Store::connect_without_keys(&url, 1).await.expect_err(wanted);
        assert!(matches!(refused, StoreError::Setting(_)), "{refused:?}");
        assert!(refused.to_string().contains(wanted), "{wanted}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_verified() {
    let world = World::new().await;
    let read = |file: &Path| std::fs::read(file).expect("a file");
    let (authority, other) = (read(&world.certificates.authority), read(&world.certificates.other));
    let connect = async |host: &str, authority: Option<&[u8]>| {
        Transport::connect_trusting(&world.redis.url(host), authority, &namespace()).await
    };
    let transport = connect("localhost", Some(&authority)).await.expect("Redis");
    let id = uuid::Uuid::now_v7();
    assert_eq!(transport.push("payments", &[(id, 1)]).await.expect("pushed"), 1);
    for (host, authority) in
        [("localhost", Some(&other[..])), ("127.0.0.1", Some(&authority[..])), ("localhost", None)]
    {
        let refused = connect(host, authority).await.expect_err("refused");
        assert!(matches!(refused, TransportError::Tls(_)), "{host}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_runs_over_tls_and_refuses_a_wrong_authority_in_one_line() {
    let world = World::new().await;
    let authority = &world.certificates.authority;
    let good = world.verified("localhost", authority);
    let migrated = Command::new(amana_binary())
        .arg("migrate")
        .env_clear()
        .env("DATABASE_URL", &good)
        .output()
        .expect("amana runs");
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));

    let other = &world.certificates.other;
    for (url, redis_authority, named) in [
        (world.verified("localhost", other), authority, "DATABASE_URL has an sslmode that fails"),
        (good.clone(), other, "REDIS_URL is wrong: TLS failed: invalid peer certificate"),
    ] {
        let output = Command::new(amana_binary())
            .arg("api")
            .env_clear()
            .env("AMANA_LOG", "off")
            .envs(world.environment(url, redis_authority))
            .output()
            .expect("amana runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(EXIT_CONFIGURATION), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.starts_with(&format!("amana: configuration: {named}")), "{said}");
    }

    let port = Port::reserve(0).expect("a port");
    let log = world.scratch.join("api.log");
    let program = Program::new("api", &amana_binary(), &log).args(["api"]);
    let listen = [("AMANA_LISTEN", port.address.to_string())];
    let _api = world
        .environment(good, authority)
        .into_iter()
        .chain(listen)
        .fold(program, |program, (name, value)| program.env(name, value))
        .start()
        .expect("the API starts");
    let url = format!("http://{}/readyz", port.address);
    eventually("the API is ready", || async {
        reqwest::get(&url).await.is_ok_and(|it| it.status().is_success()).then_some(())
    })
    .await;
}
