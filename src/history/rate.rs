//! How many alerts matches make, and how many that is a day.

use entity::{ConversationId, Timestamp};

use crate::policies::GROUPING_MINUTES;

const MINUTE: i64 = 60_000_000;
const DAY: f64 = 86_400_000_000.0;

/// Counts the alerts of messages with a match, told conversation by conversation and each in the order of time: as
/// alerts group unless their policy says otherwise.
pub(super) struct Grouping {
    /// The last match, and where.
    pub(super) last: Option<(ConversationId, Timestamp)>,
    /// Alerts so far.
    pub(super) alerts: u64,
}

impl Grouping {
    /// Counts a message with a match; answers whether it raises an alert.
    pub(super) fn take(&mut self, conversation: ConversationId, sent_at: Timestamp) -> bool {
        let reach = i64::from(GROUPING_MINUTES) * MINUTE;
        let joins = self.last.is_some_and(|(last_in, last_at)| {
            last_in == conversation && last_at.0.abs_diff(sent_at.0) <= reach.unsigned_abs()
        });
        self.last = Some((conversation, sent_at));
        self.alerts += u64::from(!joins);
        !joins
    }
}

/// How many alerts of these would be raised if each message matched with this probability: one alert for all that would
/// group, if any of it matches.
pub(super) fn expected(mut messages: Vec<(ConversationId, Timestamp)>, probability: f64) -> f64 {
    messages.sort_unstable();
    let mut grouping = Grouping { last: None, alerts: 0 };
    let mut groups: Vec<i32> = Vec::new();
    for (conversation, sent_at) in messages {
        match groups.last_mut() {
            Some(count) if !grouping.take(conversation, sent_at) => *count += 1,
            Some(_) => groups.push(1),
            None => {
                grouping.take(conversation, sent_at);
                groups.push(1);
            }
        }
    }
    groups.into_iter().map(|count| 1.0 - (1.0 - probability).powi(count)).sum()
}

/// Alerts a day, over the time from the oldest message to the newest, a day at least.
pub(super) fn per_day(alerts: f64, sent: Option<(Timestamp, Timestamp)>) -> f64 {
    let days = sent.map_or(1.0, |(oldest, newest)| newest.0.saturating_sub(oldest.0) as f64 / DAY);
    alerts / days.max(1.0)
}

/// The times of the oldest and the newest, this one included.
pub(super) fn widen(sent: Option<(Timestamp, Timestamp)>, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
    Some(sent.map_or((at, at), |(oldest, newest)| (oldest.min(at), newest.max(at))))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const HOUR: i64 = 60 * MINUTE;

    fn at(conversation: u128, hours: i64) -> (ConversationId, Timestamp) {
        (ConversationId(Uuid::from_u128(conversation)), Timestamp(hours * HOUR))
    }

    fn alerts(messages: &[(ConversationId, Timestamp)]) -> u64 {
        let mut grouping = Grouping { last: None, alerts: 0 };
        for (conversation, sent_at) in messages {
            grouping.take(*conversation, *sent_at);
        }
        grouping.alerts
    }

    #[test]
    fn matches_within_a_day_of_the_last_one_are_one_alert_and_conversations_never_share_one() {
        assert_eq!(alerts(&[at(1, 0), at(1, 24), at(1, 48)]), 1);
        assert_eq!(alerts(&[at(1, 0), at(1, 25), at(1, 49)]), 2);
        assert_eq!(alerts(&[at(1, 0), at(2, 0), at(2, 1), at(3, 1)]), 3);
    }

    #[test]
    fn what_would_group_is_one_alert_at_most_however_likely_each_message_is() {
        let day = vec![at(1, 0), at(1, 1), at(2, 0)];
        assert!((expected(day.clone(), 1.0) - 2.0).abs() < 1e-9);
        assert!((expected(day, 0.5) - (0.75 + 0.5)).abs() < 1e-9);
        assert!(expected(Vec::new(), 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_rate_is_over_the_time_that_was_looked_at_and_a_day_at_least() {
        let sent = |hours| Some((Timestamp(0), Timestamp(hours * HOUR)));
        assert!((per_day(6.0, sent(72)) - 2.0).abs() < 1e-9);
        assert!((per_day(6.0, sent(1)) - 6.0).abs() < 1e-9);
        assert!((per_day(6.0, None) - 6.0).abs() < 1e-9);
    }
}
