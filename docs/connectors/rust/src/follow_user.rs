use std::sync::Arc;

use powersync::{PowerSyncDatabase, SyncOptions};
use tokio::{sync::Mutex, time::timeout};

use crate::{Backend, BoxError, Connector, OnRejected, Session, SyncAs};

/// Whom the app syncs for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// The session's user. `is_anonymous` is what the Auth server says now, not what an older access token says.
    SignedIn { id: String, is_anonymous: bool },
    /// Somebody who chose to go on without an account.
    Anonymous,
}

/// Keeps PowerSync connected as the current user. Call it on each event of your auth library.
pub struct FollowUser {
    database: PowerSyncDatabase,
    backend: Backend,
    session: Arc<dyn Session>,
    on_rejected: Arc<dyn OnRejected>,
    connected_as: Mutex<Option<User>>,
}

impl FollowUser {
    pub fn new(
        database: PowerSyncDatabase,
        backend: Backend,
        session: Arc<dyn Session>,
        on_rejected: Arc<dyn OnRejected>,
    ) -> Self {
        Self {
            database,
            backend,
            session,
            on_rejected,
            connected_as: Mutex::new(None),
        }
    }

    /// `None` after a sign-out, whoever caused it. The same user again, as after a renewal, changes nothing.
    ///
    /// Fails only if the session of an anonymous user who became permanent could not be renewed; call it again then.
    pub async fn follow(&self, user: Option<User>) -> Result<(), BoxError> {
        let mut connected_as = self.connected_as.lock().await;
        if *connected_as == user {
            return Ok(());
        }
        if became_permanent(connected_as.as_ref(), user.as_ref()) {
            // Until then the access token says `is_anonymous: true`, for up to an hour.
            timeout(self.backend.timeout, self.session.renew()).await??;
        }
        match &user {
            None => self.database.disconnect().await,
            Some(user) => self.connect(user).await,
        }
        *connected_as = user;
        Ok(())
    }

    /// Ends the former user's connection and its requests.
    async fn connect(&self, user: &User) {
        let sync_as = match user {
            User::SignedIn { .. } => SyncAs::SignedIn(self.session.clone()),
            User::Anonymous => SyncAs::Anonymous,
        };
        let connector = Connector::new(
            self.database.clone(),
            self.backend.clone(),
            sync_as,
            self.on_rejected.clone(),
        );
        // Without the final slash, the SDK would drop the last part of a URL that has a path.
        let endpoint = format!("{}/", self.backend.powersync_url.trim_end_matches('/'));
        self.database
            .connect(SyncOptions::new(&endpoint, connector.clone(), connector))
            .await;
    }
}

fn became_permanent(before: Option<&User>, now: Option<&User>) -> bool {
    match (before, now) {
        (
            Some(User::SignedIn {
                id: before,
                is_anonymous: true,
            }),
            Some(User::SignedIn {
                id: now,
                is_anonymous: false,
            }),
        ) => before == now,
        _ => false,
    }
}
