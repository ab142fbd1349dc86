//! How a card is doing at this moment, told from two of its reports: the totals alone would stay red for ever.

use crate::control::status::CardStatus;

/// What a card is doing, gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum CardHealth {
    /// It shows every frame.
    #[default]
    Showing,
    /// Packets go missing or come damaged, and every frame is shown all the same.
    Losing,
    /// It kept its last whole frame, because a newer one was not whole or came late.
    Holding,
    /// It does not answer.
    Silent,
}

impl CardHealth {
    /// The state that lies between an earlier report and this one.
    pub(super) const fn between(before: Option<&CardStatus>, now: &CardStatus) -> Self {
        let Some(before) = before else {
            return if now.online { Self::Showing } else { Self::Silent };
        };
        if !now.online {
            Self::Silent
        } else if now.held > before.held || now.late > before.late {
            Self::Holding
        } else if now.lost > before.lost || now.bad_crc > before.bad_crc {
            Self::Losing
        } else {
            Self::Showing
        }
    }

    /// The state in one or two words.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Showing => "showing",
            Self::Losing => "losing packets",
            Self::Holding => "holding",
            Self::Silent => "no answer",
        }
    }

    /// The state in a sentence.
    pub(super) const fn help(self) -> &'static str {
        match self {
            Self::Showing => "Shows every frame.",
            Self::Losing => "Packets go missing or come damaged, and every frame was shown all the same.",
            Self::Holding => "Within the last second a frame was not whole or came late; the last whole frame stayed.",
            Self::Silent => "Does not answer. The cabinet keeps its last picture or is without power.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card() -> CardStatus {
        CardStatus { online: true, shown: 100, held: 3, lost: 9, ..CardStatus::default() }
    }

    #[test]
    fn old_losses_do_not_count() {
        assert_eq!(CardHealth::between(Some(&card()), &card()), CardHealth::Showing);
        assert_eq!(CardHealth::between(None, &card()), CardHealth::Showing, "nothing to compare with");
    }

    #[test]
    fn the_gravest_change_names_the_state() {
        let mut now = card();
        now.lost += 1;
        assert_eq!(CardHealth::between(Some(&card()), &now), CardHealth::Losing);
        now.held += 1;
        assert_eq!(CardHealth::between(Some(&card()), &now), CardHealth::Holding);
        now.online = false;
        assert_eq!(CardHealth::between(Some(&card()), &now), CardHealth::Silent);
    }
}
