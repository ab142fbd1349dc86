//! Whether a card has this site's key. It is asked by signed questions that change nothing: under the site's key, then under
//! the open key 0, which is good only while a card has no key at all.

use super::ask::Signature;

/// What is known about a card's site key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KeyState {
    /// Nothing yet.
    #[default]
    Unknown,
    /// It has none: whoever is on its cable can change it.
    None,
    /// It has this site's.
    Installed,
    /// It has another one, and obeys nobody else.
    Foreign,
}

/// How this site protects its cards, as far as a card is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Site {
    /// This sender has a site key.
    pub(super) has_key: bool,
    /// Cards with the key are to demand signed latches.
    pub(super) locks: bool,
}

/// The key of one card.
#[derive(Debug)]
pub(super) struct CardKey {
    has_site_key: bool,
    state: KeyState,
    question: Option<Signature>,
    /// The card has proved to have the key. If it says later that it has none, somebody may speak in its name who wants to see
    /// the key sent once more.
    has_proved: bool,
}

impl CardKey {
    pub(super) fn new(site: Site) -> Self {
        let mut key = Self { has_site_key: site.has_key, state: KeyState::Unknown, question: None, has_proved: false };
        key.ask_again();
        key
    }

    pub(super) const fn state(&self) -> KeyState {
        self.state
    }

    /// Whether it proved to have the key, now or before.
    pub(super) const fn has_proved(&self) -> bool {
        self.has_proved
    }

    pub(super) const fn has_site_key(&self) -> bool {
        self.has_site_key
    }

    /// Under which key the card is to be asked before anything else.
    pub(super) const fn question(&self) -> Option<Signature> {
        self.question
    }

    /// What is known may be over: the card is asked again.
    pub(super) fn ask_again(&mut self) {
        self.question = self.has_site_key.then_some(Signature::Site);
    }

    /// Another card: nothing is known of it.
    pub(super) fn forget(&mut self) {
        (self.state, self.has_proved) = (KeyState::Unknown, false);
        self.ask_again();
    }

    /// It is so.
    pub(super) const fn settle(&mut self, state: KeyState) {
        (self.state, self.question) = (state, None);
    }

    /// A card answered under this key.
    pub(super) const fn answered(&mut self, under: Signature) {
        match under {
            Signature::Site => {
                self.settle(KeyState::Installed);
                self.has_proved = true;
            }
            Signature::Open => self.settle(KeyState::None),
            Signature::None => {}
        }
    }

    /// A card does not know the key that it was asked under; whether it has another one, which this sender has not.
    pub(super) const fn refused(&mut self, under: Signature) -> bool {
        let is_foreign = matches!(under, Signature::Open);
        if is_foreign {
            self.settle(KeyState::Foreign);
        } else {
            self.question = Some(Signature::Open);
        }
        is_foreign
    }
}
