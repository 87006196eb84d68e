//! Sessions, in a cookie that no script reads and no other site makes a browser send; where the line is encrypted, one
//! that never goes over another line and that no other host can set.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use tower_sessions::{
    Expiry, MemoryStore, SessionManagerLayer, SessionStore,
    cookie::{SameSite, time},
    session::{Id, Record},
    session_store,
};

use super::site::hold;
use crate::config;

/// So many ended sessions are remembered: more than there are answers under way.
const MOST_ENDED: usize = 1000;

/// The sessions of these pages, as `web` wants them.
pub(super) fn sessions(web: &config::Web) -> SessionManagerLayer<Sessions> {
    let idle = time::Duration::minutes(i64::from(web.idle_minutes));
    SessionManagerLayer::new(Sessions::default())
        .with_name(if web.secure() { "__Host-loa" } else { "loa" })
        .with_same_site(SameSite::Lax)
        .with_secure(web.secure())
        .with_expiry(Expiry::OnInactivity(idle))
}

/// Sessions in memory. One that was ended stays ended: an answer that was still under way then writes it back, and
/// whoever has its cookie would be signed in again.
#[derive(Debug, Clone, Default)]
pub(super) struct Sessions {
    alive: MemoryStore,
    ended: Arc<Mutex<VecDeque<Id>>>,
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        self.alive.create(record).await
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.alive.save(record).await?;
        // Looked at afterwards: it may end while it is written.
        if hold(&self.ended).contains(&record.id) { self.alive.delete(&record.id).await } else { Ok(()) }
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        self.alive.load(id).await
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        {
            let mut ended = hold(&self.ended);
            ended.push_back(*id);
            if ended.len() > MOST_ENDED {
                ended.pop_front();
            }
        }
        self.alive.delete(id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_that_was_under_way_does_not_sign_in_again() {
        let sessions = Sessions::default();
        let expiry_date = time::OffsetDateTime::now_utc() + time::Duration::minutes(5);
        let mut record =
            Record { id: Id::default(), data: std::collections::HashMap::default(), expiry_date };
        sessions.create(&mut record).await.unwrap();
        sessions.save(&record).await.unwrap();
        assert!(sessions.load(&record.id).await.unwrap().is_some());
        sessions.delete(&record.id).await.unwrap();
        sessions.save(&record).await.unwrap();
        assert!(sessions.load(&record.id).await.unwrap().is_none());
    }
}
