use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{Backend, BoxError, Session, User};

/// A session of Supabase Auth, which has no official library for Rust. It is in memory only.
pub struct SupabaseSession {
    backend: Backend,
    http: Client,
    tokens: Mutex<Option<Tokens>>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
    /// Seconds since 1970.
    expires_at: u64,
    user: AuthUser,
}

#[derive(Deserialize)]
struct AuthUser {
    id: String,
    #[serde(default)]
    is_anonymous: bool,
}

impl SupabaseSession {
    /// A token that ends sooner is renewed first.
    const MARGIN: Duration = Duration::from_secs(30);

    pub fn new(backend: Backend) -> Self {
        Self {
            backend,
            http: Client::new(),
            tokens: Mutex::new(None),
        }
    }

    pub async fn sign_in_with_password(&self, email: &str, password: &str) -> Result<(), BoxError> {
        self.start(
            "token?grant_type=password",
            json!({ "email": email, "password": password }),
        )
        .await
    }

    /// A user of Supabase Auth without e-mail or password. Not the same as [User::Anonymous], who has no session.
    pub async fn sign_in_anonymously(&self) -> Result<(), BoxError> {
        self.start("signup", json!({})).await
    }

    /// Forgets the session on this device.
    pub async fn sign_out(&self) {
        *self.tokens.lock().await = None;
    }

    /// For [FollowUser::follow](crate::FollowUser::follow).
    pub async fn user(&self) -> Option<User> {
        let tokens = self.tokens.lock().await;
        tokens.as_ref().map(|Tokens { user, .. }| User::SignedIn {
            id: user.id.clone(),
            is_anonymous: user.is_anonymous,
        })
    }

    /// Attributes of the user, such as an e-mail address for an anonymous one.
    pub async fn update_user(&self, attributes: Value) -> Result<(), BoxError> {
        let access_token = self.access_token().await?.ok_or("Not signed in")?;
        let response = self
            .backend
            .request(&self.http, Method::PUT, "auth/v1/user")
            .bearer_auth(access_token)
            .json(&attributes)
            .send()
            .await?;
        let user = response.error_for_status()?.json().await?;
        if let Some(tokens) = self.tokens.lock().await.as_mut() {
            tokens.user = user;
        }
        Ok(())
    }

    async fn start(&self, path: &str, body: Value) -> Result<(), BoxError> {
        let tokens = self
            .ask(path, &body)
            .await?
            .ok_or("Supabase Auth refused the sign-in")?;
        *self.tokens.lock().await = Some(tokens);
        Ok(())
    }

    /// `None`: refused. An error: not asked, or the server failed.
    async fn ask(&self, path: &str, body: &Value) -> Result<Option<Tokens>, BoxError> {
        let response = self
            .backend
            .request(&self.http, Method::POST, &format!("auth/v1/{path}"))
            .json(body)
            .send()
            .await?;
        match response.status() {
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                // A proxy's refusal does not end a session.
                let by_auth = response.headers().contains_key("x-sb-error-code");
                if by_auth {
                    Ok(None)
                } else {
                    Err(format!("Auth: {}", response.status()).into())
                }
            }
            _ => Ok(Some(response.error_for_status()?.json().await?)),
        }
    }

    async fn renew_in(&self, tokens: &mut Option<Tokens>) -> Result<(), BoxError> {
        let Some(Tokens { refresh_token, .. }) = tokens.as_ref() else {
            return Ok(());
        };
        *tokens = self
            .ask(
                "token?grant_type=refresh_token",
                &json!({ "refresh_token": refresh_token }),
            )
            .await?;
        Ok(())
    }
}

#[async_trait]
impl Session for SupabaseSession {
    async fn access_token(&self) -> Result<Option<String>, BoxError> {
        // Held while it renews: a refresh token must not be used twice.
        let mut tokens = self.tokens.lock().await;
        let soon = (SystemTime::now() + Self::MARGIN)
            .duration_since(UNIX_EPOCH)?
            .as_secs();
        if tokens
            .as_ref()
            .is_some_and(|tokens| tokens.expires_at <= soon)
        {
            self.renew_in(&mut tokens).await?;
        }
        Ok(tokens.as_ref().map(|tokens| tokens.access_token.clone()))
    }

    async fn renew(&self) -> Result<(), BoxError> {
        self.renew_in(&mut *self.tokens.lock().await).await
    }
}
