//! One request on its way: asked again until it is answered, under the same transaction, so that a card does it once.

use crate::stream::FeedEnd;
use crate::time::{Nanos, Tai};
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::auth::{CardIdentity, CounterSource, KEY_ID_NONE, Key};
use crate::wire::ocp809::control::{Body, Message, Request, Route, Seal, Signer};

/// A request is repeated after this time without an answer: several frames of the slowest wall.
const PATIENCE_NS: u64 = 150_000_000;

/// A card that does not answer is asked this often.
const TRIES: u8 = 3;

/// A key that cards of this site know.
#[derive(Debug, Clone)]
pub struct SiteKey {
    /// Its id.
    pub id: u16,
    /// The key.
    pub key: Key,
}

/// Where requests get what is different in each: transactions and counters.
#[derive(Debug)]
pub(super) struct Letterhead {
    next_transaction: u32,
    counters: CounterSource,
    key: Option<SiteKey>,
}

/// Who is asked, and by which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Addressee {
    /// The end of the cascade that the request enters by.
    pub(super) end: FeedEnd,
    /// Cards between that end and the card.
    pub(super) hops: u8,
    /// The card, where it is known; the group where nobody was heard there yet.
    pub(super) address: MacAddress,
    /// The card as its HMACs know it.
    pub(super) identity: Option<CardIdentity>,
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) transaction: u32,
    pub(super) request: Request,
    pub(super) to: Addressee,
    sent: Nanos,
    tries: u8,
}

/// What to do about a request that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Nothing yet.
    Wait,
    /// Ask again.
    Again,
    /// Nobody answers.
    Over,
}

impl Letterhead {
    /// `tai` makes the transactions of two starts differ: a card repeats answers that it gave before.
    #[expect(clippy::cast_possible_truncation, reason = "only has to differ from start to start")]
    pub(super) fn new(tai: Tai, key: Option<SiteKey>) -> Self {
        Self { next_transaction: (tai.0 / 1_000) as u32, counters: CounterSource::default(), key }
    }

    pub(super) const fn transaction(&mut self) -> u32 {
        self.next_transaction = self.next_transaction.wrapping_add(1);
        self.next_transaction
    }

    /// The key of this id, as far as this sender has it. Where there is no key, everybody has the one of zeros.
    pub(super) fn key(&self, id: u16) -> Option<Key> {
        let site = self.key.as_ref().filter(|site| site.id == id).map(|site| site.key);
        site.or((id == KEY_ID_NONE).then_some(Key::NONE))
    }

    /// Goes on above the counter that a card named.
    pub(super) fn continue_above(&mut self, highest: u64) {
        self.counters.continue_above(highest);
    }

    /// The frames of a request, signed where the site has a key and the request changes something.
    pub(super) fn frames(&mut self, asked: &Asked, source: MacAddress, frame_max: usize, tai: Tai) -> Vec<Vec<u8>> {
        let message = Message {
            route: Route::to_place(asked.to.hops),
            transaction: asked.transaction,
            body: Body::Request(asked.request.clone()),
        };
        let plain = Seal { destination: asked.to.address, source, frame_max, signer: None };
        let opcode = asked.request.opcode();
        let needs_key = opcode.is_mutating() || opcode.needs_auth();
        // Some requests are signed even where there is no key: with the one that everybody knows.
        let open = SiteKey { id: KEY_ID_NONE, key: Key::NONE };
        let key = self.key.as_ref().or_else(|| opcode.needs_auth().then_some(&open));
        let seal = key.filter(|_| needs_key).zip(asked.to.identity).map_or(plain, |(site, card)| {
            let counter = self.counters.next(tai);
            Seal { signer: Some(Signer { card, key_id: site.id, key: &site.key, counter }), ..plain }
        });
        let frames = message.emit(&seal).unwrap_or_default();
        if let Some(signer) = seal.signer {
            self.counters.continue_above(signer.counter.saturating_add(frames.len() as u64));
        }
        frames
    }
}

impl Asked {
    pub(super) const fn new(transaction: u32, request: Request, to: Addressee, now: Nanos) -> Self {
        Self { transaction, request, to, sent: now, tries: 1 }
    }

    /// Whether to wait on; asking again counts as a try.
    pub(super) const fn patience(&mut self, now: Nanos) -> Patience {
        if now.since(self.sent) < PATIENCE_NS {
            return Patience::Wait;
        }
        if self.tries >= TRIES {
            return Patience::Over;
        }
        self.tries += 1;
        self.sent = now;
        Patience::Again
    }
}
