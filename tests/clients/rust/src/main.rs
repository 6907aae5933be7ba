//! The connector of docs/connectors/rust in a program that tests drive: one JSON command a line comes in, one JSON
//! event a line goes out.

use std::{
    env,
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    time::Duration,
};

use futures_lite::StreamExt;
use powersync::{
    ConnectionPool, PowerSyncDatabase,
    env::PowerSyncEnvironment,
    schema::{Column, Schema, Table},
};
use powersync_auth_connector::{
    Backend, BoxError, Connector, FollowUser, NotSignedIn, Refusal, Session, SupabaseSession,
    SyncAs, User, sdk_error,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

mod own;

use own::{Provided, SAVING_FAILS, SaveRejected};

/// The example of the page, which only has to compile.
#[allow(dead_code)]
async fn readme(database: PowerSyncDatabase, email: &str, password: &str) -> Result<(), BoxError> {
    include!(concat!(env!("OUT_DIR"), "/readme.rs"));
    Ok(())
}

struct App {
    backend: Backend,
    database: PowerSyncDatabase,
    session: Arc<SupabaseSession>,
    provided: Arc<Provided>,
    follow: FollowUser,
    follow_provider: FollowUser,
}

impl App {
    fn new(backend: Backend, file: &str) -> Result<Self, BoxError> {
        PowerSyncEnvironment::powersync_auto_extension()?;
        let environment = PowerSyncEnvironment::custom(
            reqwest::Client::new(),
            ConnectionPool::open(file)?,
            PowerSyncEnvironment::tokio(),
        );
        let mut schema = Schema::default();
        let columns = vec![Column::text("body"), Column::integer("size")];
        schema.tables.push(Table::create("notes", columns, |_| {}));
        let database = PowerSyncDatabase::new(environment, schema);
        let session = Arc::new(SupabaseSession::new(backend.clone()));
        let provided = Arc::new(Provided::default());
        let follow = |session: Arc<dyn Session>| {
            FollowUser::new(
                database.clone(),
                backend.clone(),
                session,
                Arc::new(SaveRejected),
            )
        };
        Ok(Self {
            follow: follow(session.clone()),
            follow_provider: follow(provided.clone()),
            backend,
            database,
            session,
            provided,
        })
    }

    async fn run(&self, command: &Value) -> Result<Value, BoxError> {
        let text = |name: &str| command[name].as_str().unwrap_or_default();
        let session = &self.session;
        match text("command") {
            "signIn" => {
                session
                    .sign_in_with_password(text("email"), text("password"))
                    .await?
            }
            "signInAnonymously" => session.sign_in_anonymously().await?,
            "becomePermanent" => {
                session
                    .update_user(json!({ "email": text("email"), "password": text("password") }))
                    .await?
            }
            "refresh" => session.renew().await?,
            "signOut" => session.sign_out().await,
            "sessionEnded" => {}
            other => return self.run_other(other, command).await,
        }
        // What an app does at each event of its session.
        self.follow.follow(session.user().await).await?;
        Ok(Value::Null)
    }

    async fn run_other(&self, name: &str, command: &Value) -> Result<Value, BoxError> {
        let text = |name: &str| command[name].as_str().unwrap_or_default();
        match name {
            "open" | "openWithProvider" => {}
            "provide" => {
                *self.provided.0.lock().unwrap() = text("token").into();
                let (id, is_anonymous) = (text("user").to_string(), false);
                let user = User::SignedIn { id, is_anonymous };
                let user = Some(user).filter(|_| text("user") != "");
                self.follow_provider.follow(user).await?
            }
            "syncAnonymously" => self.follow.follow(Some(User::Anonymous)).await?,
            "write" => {
                let mut writer = self.database.writer().await?;
                let transaction = writer.transaction()?;
                for statement in command["statements"].as_array().into_iter().flatten() {
                    transaction.execute_batch(statement.as_str().unwrap_or_default())?;
                }
                transaction.commit()?;
            }
            "saveRefused" => SAVING_FAILS.store(command["works"] == false, Relaxed),
            "queue" => return Ok(json!(self.queue().await?)),
            "uploaded" => {
                let mut changes = Box::pin(self.database.watch_tables(true, ["ps_crud"]));
                while changes.next().await.is_some() && self.queue().await? > 0 {}
            }
            "ask" => {
                let timeout = Duration::from_millis(command["timeoutMs"].as_u64().unwrap_or(0));
                return Ok(self.ask(text("token"), timeout).await);
            }
            other => return Err(format!("No such command: {other}").into()),
        }
        Ok(Value::Null)
    }

    async fn queue(&self) -> Result<i64, BoxError> {
        let reader = self.database.reader().await?;
        Ok(reader.query_one("SELECT count(*) FROM ps_crud", [], |row| row.get(0))?)
    }

    /// One token outside of PowerSync.
    async fn ask(&self, token: &str, timeout: Duration) -> Value {
        let sync_as = match token {
            "" => SyncAs::Anonymous,
            _ => SyncAs::SignedIn(Arc::new(Provided(Mutex::new(token.into())))),
        };
        let backend = Backend {
            timeout,
            ..self.backend.clone()
        };
        let connector = Connector::new(
            self.database.clone(),
            backend,
            sync_as,
            Arc::new(SaveRejected),
        );
        let error = match connector.fetch_token().await {
            Ok(token) => return json!({ "token": token }),
            Err(error) if error.is::<NotSignedIn>() => return Value::Null,
            Err(error) => error,
        };
        if let Some(Refusal {
            status,
            code,
            hint,
            reason,
            ..
        }) = error.downcast_ref()
        {
            return json!({
                "error": error.to_string(), "status": status, "code": code, "hint": hint, "reason": reason,
            });
        }
        json!({ "error": sdk_error(error).to_string() })
    }
}

pub fn say(event: Value) {
    println!("{event}");
}

async fn tell_status(database: PowerSyncDatabase) {
    let mut statuses = Box::pin(database.watch_status());
    while let Some(status) = statuses.next().await {
        say(json!({
            "event": "status",
            "connected": status.is_connected(),
            "connecting": status.is_connecting(),
            "downloadError": status.download_error().map(ToString::to_string),
            "uploadError": status.upload_error().map(ToString::to_string),
        }));
    }
}

async fn tell_notes(database: PowerSyncDatabase) -> Result<(), BoxError> {
    let mut changes = Box::pin(database.watch_tables(true, ["notes"]));
    while changes.next().await.is_some() {
        let reader = database.reader().await?;
        let mut statement = reader.prepare("SELECT id FROM notes ORDER BY id")?;
        let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
        let ids = ids.collect::<Result<Vec<_>, _>>()?.join(", ");
        say(json!({ "event": "notes", "ids": ids }));
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
    tokio::spawn(tell_notes(app.database.clone()));
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
