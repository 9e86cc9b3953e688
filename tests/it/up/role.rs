//! The database role and the folders of `amana up`: no more rights than needed.

use super::process::{Amana, left_behind};
use amana::local::{Scratch, run_as};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use nix::sys::signal::Signal;
use std::os::unix::fs::PermissionsExt;

#[derive(diesel::QueryableByName)]
struct Session {
    #[diesel(sql_type = diesel::sql_types::Text)]
    role: String,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    is_superuser: bool,
}

/// Reads a variable from the environment of a running part.
fn variable_of(part: &str, running: &[String], variable: &str) -> String {
    let line = running.iter().find(|line| line.trim_end().ends_with(&format!("/amana {part}")));
    let line = line.unwrap_or_else(|| panic!("no {part} in {running:?}"));
    let pid = line.split_whitespace().next().expect("a pid");
    let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("its environment");
    let environment = String::from_utf8_lossy(&environment).into_owned();
    let value = environment.split('\0').find_map(|it| it.strip_prefix(&format!("{variable}=")));
    value.unwrap_or_else(|| panic!("no {variable} of {part}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_gives_api_and_worker_a_role_without_privileges_and_closes_its_folders() {
    let folder = Scratch::new().expect("a folder");
    let mut up = Amana::start("up", &folder);
    up.ready().await;
    let running = left_behind(folder.path());
    let url = variable_of("api", &running, "DATABASE_URL");
    assert_eq!(variable_of("worker", &running, "DATABASE_URL"), url);
    let mut conn = AsyncPgConnection::establish(&url).await.expect("PostgreSQL");
    let sql = "select distinct u.usename::text as role, u.usesuper as is_superuser
        from pg_stat_activity a join pg_user u using (usename) where a.datname = 'amana'";
    let sessions: Vec<Session> = diesel::sql_query(sql).load(&mut conn).await.expect("sessions");
    assert_eq!(sessions.len(), 1, "one role for all");
    assert_eq!((sessions[0].role.as_str(), sessions[0].is_superuser), ("amana_app", false));
    drop(conn);

    let data = folder.join(".amana");
    let passable = if run_as().expect("accounts").is_some() { 0o711 } else { 0o700 };
    for (path, wanted) in [
        (data.clone(), passable),
        (data.join("logs"), 0o700),
        (data.join("files"), 0o700),
        (data.join("sandbox"), 0o700),
        (data.join("app-password"), 0o600),
        (data.join("sandbox/sandbox.json"), 0o600),
    ] {
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode, wanted, "{}", path.display());
    }
    assert!(up.end(Signal::SIGINT).await.success(), "{}", up.output());
}
