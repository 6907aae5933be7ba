//! The connector of docs/connectors/rust in a program that tests drive: one JSON command a line comes in, one JSON
//! event a line goes out.

use std::{env, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_lite::StreamExt;
use powersync::{
    ConnectionPool, PowerSyncDatabase,
    env::PowerSyncEnvironment,
    schema::{Column, Schema, Table},
};
use powersync_auth_connector::{
    Backend, BoxError, FollowUser, OnRejected, Rejected, Session, SupabaseSession, User,
};
use rusqlite::params;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

struct App {
    database: PowerSyncDatabase,
    session: Arc<SupabaseSession>,
    follow: FollowUser,
}

impl App {
    fn new(backend: Backend, file: &str) -> Result<Self, BoxError> {
        PowerSyncEnvironment::powersync_auto_extension()?;
        let http = reqwest::Client::new();
        let environment = PowerSyncEnvironment::custom(
            http,
            ConnectionPool::open(file)?,
            PowerSyncEnvironment::tokio(),
        );
        let mut schema = Schema::default();
        schema
            .tables
            .push(Table::create("notes", vec![Column::text("body")], |_| {}));
        let database = PowerSyncDatabase::new(environment, schema);
        let session = Arc::new(SupabaseSession::new(backend.clone()));
        let follow = FollowUser::new(database.clone(), backend, session.clone(), Arc::new(Tell));
        Ok(Self {
            database,
            session,
            follow,
        })
    }

    async fn run(&self, command: &Value) -> Result<Value, BoxError> {
        let text = |name: &str| command[name].as_str().unwrap_or_default();
        match text("command") {
            "signIn" => {
                self.session
                    .sign_in_with_password(text("email"), text("password"))
                    .await?
            }
            "signInAnonymously" => self.session.sign_in_anonymously().await?,
            "becomePermanent" => {
                let attributes = json!({ "email": text("email"), "password": text("password") });
                self.session.update_user(attributes).await?
            }
            "renew" => self.session.renew().await?,
            "signOut" => self.session.sign_out().await,
            "follow" => self.follow.follow(self.session.user().await).await?,
            "goOnWithoutAccount" => self.follow.follow(Some(User::Anonymous)).await?,
            "execute" => {
                let mut writer = self.database.writer().await?;
                let transaction = writer.transaction()?;
                transaction.execute_batch(text("sql"))?;
                transaction.commit()?;
            }
            "notes" => return self.notes().await,
            other => return Err(format!("No such command: {other}").into()),
        }
        Ok(Value::Null)
    }

    async fn notes(&self) -> Result<Value, BoxError> {
        let reader = self.database.reader().await?;
        let mut statement = reader.prepare("SELECT id FROM notes ORDER BY id")?;
        let ids = statement.query_map(params![], |row| row.get::<_, String>(0))?;
        Ok(json!(ids.collect::<Result<Vec<_>, _>>()?))
    }
}

struct Tell;

#[async_trait]
impl OnRejected for Tell {
    async fn rejected(&self, changes: &[Rejected<'_>]) -> Result<(), BoxError> {
        for Rejected {
            change,
            code,
            message,
        } in changes
        {
            say(json!({ "event": "rejected", "id": change.id, "code": code, "message": message }));
        }
        Ok(())
    }
}

fn say(event: Value) {
    println!("{event}");
}

async fn tell_status(database: PowerSyncDatabase) {
    let mut statuses = Box::pin(database.watch_status());
    while let Some(status) = statuses.next().await {
        say(json!({
            "event": "status",
            "connected": status.is_connected(),
            "hasSynced": status.has_synced(),
            "downloadError": status.download_error().map(ToString::to_string),
            "uploadError": status.upload_error().map(ToString::to_string),
        }));
    }
}

async fn tell_queue(database: PowerSyncDatabase) -> Result<(), BoxError> {
    let mut changes = Box::pin(database.watch_tables(false, ["ps_crud"]));
    while changes.next().await.is_some() {
        let reader = database.reader().await?;
        let length: i64 = reader.query_one("SELECT count(*) FROM ps_crud", [], |row| row.get(0))?;
        say(json!({ "event": "queue", "length": length }));
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let argument = |name: &str| env::var(name).map_err(|_| format!("{name} is not set"));
    let backend = Backend {
        supabase_url: argument("RUNNER_SUPABASE_URL")?,
        publishable_key: argument("RUNNER_PUBLISHABLE_KEY")?,
        powersync_url: argument("RUNNER_POWERSYNC_URL")?,
        timeout: Duration::from_millis(argument("RUNNER_TIMEOUT_MS")?.parse()?),
    };
    let app = Arc::new(App::new(backend, &argument("RUNNER_FILE")?)?);
    tokio::spawn(tell_status(app.database.clone()));
    tokio::spawn(tell_queue(app.database.clone()));
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let command: Value = serde_json::from_str(&line)?;
        let app = app.clone();
        tokio::spawn(async move {
            let number = &command["number"];
            say(match app.run(&command).await {
                Ok(result) => json!({ "event": "done", "number": number, "result": result }),
                Err(error) => {
                    json!({ "event": "done", "number": number, "error": error.to_string() })
                }
            });
        });
    }
    Ok(())
}
