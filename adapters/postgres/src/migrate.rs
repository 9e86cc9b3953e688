//! The schema: migration, version check, and the rights of the application's role.

use crate::address::Address;
use crate::connect::establish;
use crate::error::StoreError;
use crate::pool::{SESSION_SETTINGS, Store};
use diesel::QueryableByName;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::result::OptionalExtension;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use postgres_protocol::password::scram_sha_256;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Serialises migrations: several processes of a new version may start at the same time. The lock ends with the
/// connection. Its number is arbitrary and used for nothing else.
const MIGRATE_ALONE: &str = "set statement_timeout = '5min'; set lock_timeout = '5min'; \
    select pg_advisory_lock(4722367); set lock_timeout = '10s'";

const APPLIED: &str = "__diesel_schema_migrations";

#[derive(QueryableByName)]
struct OneText {
    #[diesel(sql_type = Nullable<Text>)]
    text: Option<String>,
}

#[derive(QueryableByName)]
struct RoleRow {
    #[diesel(sql_type = Bool)]
    is_superuser: bool,
    #[diesel(sql_type = Bool)]
    is_own: bool,
}

impl Store {
    /// Applies all pending migrations. Needs the multi-thread runtime.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be reached or a migration fails.
    pub async fn migrate(url: &str) -> Result<(), StoreError> {
        let conn = alone(url).await?;
        let mut harness = AsyncMigrationHarness::new(conn);
        harness
            .run_pending_migrations(MIGRATIONS)
            .map_err(|e| StoreError::Migration(e.to_string()))?;
        Ok(())
    }

    /// Grants the role of `app_url` the rights to read and write rows, which API and worker need, and no others.
    /// Creates a missing role with the password of `app_url`. `url` is that of the schema's owner.
    ///
    /// # Errors
    /// [`StoreError::AppRole`] if `app_url` names the owner, a superuser or no role with a password.
    pub async fn grant(url: &str, app_url: &str) -> Result<(), StoreError> {
        let config = Address::parse(app_url)?.config;
        let role = config.get_user().ok_or(StoreError::AppRole("must name a user"))?;
        let mut conn = alone(url).await?;
        match find_role(&mut conn, role).await? {
            Some(found) if found.is_own => {
                return Err(StoreError::AppRole("must have another user than DATABASE_URL"));
            }
            Some(found) if found.is_superuser => {
                return Err(StoreError::AppRole(
                    "names a superuser (use a role without privileges)",
                ));
            }
            Some(_) => {}
            None => {
                let password = config.get_password();
                let password = password.ok_or(StoreError::AppRole("must have a password"))?;
                conn.batch_execute(&create(role, password)).await?;
            }
        }
        let database = text(&mut conn, "select current_database()::text as text").await?;
        conn.batch_execute(&grants(&database.unwrap_or_default(), role)).await?;
        Ok(())
    }
}

async fn alone(url: &str) -> Result<AsyncPgConnection, StoreError> {
    let mut conn = establish(&Address::parse(url)?, &[SESSION_SETTINGS]).await?;
    conn.batch_execute(MIGRATE_ALONE).await?;
    Ok(conn)
}

async fn find_role(
    conn: &mut AsyncPgConnection,
    role: &str,
) -> Result<Option<RoleRow>, StoreError> {
    let found = diesel::sql_query(
        "select rolsuper as is_superuser, rolname = current_user as is_own from pg_roles where rolname = $1",
    );
    Ok(found.bind::<Text, _>(role).get_result::<RoleRow>(conn).await.optional()?)
}

async fn text(conn: &mut AsyncPgConnection, sql: &str) -> Result<Option<String>, StoreError> {
    Ok(diesel::sql_query(sql).get_result::<OneText>(conn).await?.text)
}

/// The statement contains the SCRAM verifier instead of the password, because the server may log it.
fn create(role: &str, password: &[u8]) -> String {
    let verifier = scram_sha_256(password);
    format!(
        "create role {} login nosuperuser nocreatedb nocreaterole password '{verifier}'",
        quoted(role)
    )
}

/// Temporary tables are forbidden: they would hide real tables of the same name from later statements of a session.
fn grants(database: &str, role: &str) -> String {
    let (database, role) = (quoted(database), quoted(role));
    format!(
        "revoke create on schema public from public; \
        revoke temporary on database {database} from public; \
        grant connect on database {database} to {role}; \
        grant usage on schema public to {role}; \
        grant select, insert, update, delete on all tables in schema public to {role}; \
        revoke insert, update, delete on {APPLIED} from {role}; \
        grant usage on all sequences in schema public to {role}; \
        grant execute on all functions in schema public to {role}; \
        alter default privileges in schema public grant select, insert, update, delete on tables to {role}; \
        alter default privileges in schema public grant usage on sequences to {role}; \
        alter default privileges in schema public grant execute on functions to {role}"
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Fails unless every migration of this program is applied. Later ones are allowed, because a new version migrates
/// while the old one still runs.
pub(crate) async fn check_schema(conn: &mut AsyncPgConnection) -> Result<(), StoreError> {
    let may_read = format!(
        "select has_table_privilege(to_regclass('{APPLIED}')::oid, 'select')::text as text"
    );
    match text(conn, &may_read).await?.as_deref() {
        None => return Err(StoreError::NoSchema),
        Some("true") => {}
        Some(_) => return Err(StoreError::NoRights),
    }
    let applied = text(conn, &format!("select max(version)::text as text from {APPLIED}")).await?;
    if applied < newest()? { Err(StoreError::OldSchema) } else { Ok(()) }
}

/// Returns the version of this program's last migration.
fn newest() -> Result<Option<String>, StoreError> {
    let all = MigrationSource::<Pg>::migrations(&MIGRATIONS)
        .map_err(|error| StoreError::Migration(error.to_string()))?;
    Ok(all.iter().map(|it| it.name().version().to_string()).max())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_passwords_are_not_sent() {
        let sql = create("a\"; drop", b"sesame");
        assert!(sql.contains("create role \"a\"\"; drop\" login nosuperuser"), "{sql}");
        assert!(sql.contains("'SCRAM-SHA-256$4096:") && !sql.contains("sesame"), "{sql}");
    }

    #[test]
    fn the_newest_migration_has_a_version() {
        let version = newest().unwrap().unwrap();
        assert!(version.len() >= 14 && version.chars().all(|it| it.is_ascii_digit()), "{version}");
    }
}
