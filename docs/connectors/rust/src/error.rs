use std::{error::Error, fmt};

use powersync::error::PowerSyncError;
use reqwest::StatusCode;
use serde::Deserialize;

pub type BoxError = Box<dyn Error + Send + Sync>;

/// What is `null` in other SDKs: no session, a refused refresh, or a refused access token. The user must sign in.
#[derive(Debug)]
pub struct NotSignedIn;

impl fmt::Display for NotSignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Not signed in")
    }
}

impl Error for NotSignedIn {}

/// What a function or PostgREST answered instead. `code` and `hint` of a function are explained in docs/errors.md.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Refusal {
    #[serde(skip)]
    pub status: u16,
    pub code: Option<String>,
    /// The word that claims.ts gave to `refusal`.
    pub reason: Option<String>,
    pub message: String,
    pub hint: Option<String>,
}

impl Refusal {
    /// `whose`: the server that should have answered.
    pub(crate) fn of(status: StatusCode, body: &str, whose: &str) -> Self {
        let mut refusal: Self = serde_json::from_str(body).unwrap_or_default();
        if refusal.message.is_empty() {
            // A proxy's page, for example.
            let start: String = body.chars().take(200).collect();
            refusal.message = format!("This is not {whose} answer: {start}");
        }
        refusal.status = status.as_u16();
        refusal
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code.as_deref().unwrap_or("HTTP"))?;
        if let Some(reason) = &self.reason {
            write!(f, " {reason}")?;
        }
        write!(f, " ({}): {}", self.status, self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " {hint}")?;
        }
        Ok(())
    }
}

impl Error for Refusal {}

/// Makes an error of the SDK, with the causes, which reqwest leaves out. The SDK has no other kind for errors of ours:
/// its message begins with "Error in upload_data".
pub fn sdk_error(error: BoxError) -> PowerSyncError {
    PowerSyncError::upload_error(WithCauses(error))
}

#[derive(Debug)]
struct WithCauses(BoxError);

impl fmt::Display for WithCauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error for WithCauses {}
