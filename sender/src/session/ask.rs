//! One request on its way: asked again until it is answered, under the same transaction, so that a card does it once. What is
//! signed takes a new counter each time, and is answered under the same key and one of its counters or not at all.

use crate::stream::FeedEnd;
use crate::time::{Nanos, Tai};
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::auth::{CardIdentity, CounterSource, KEY_ID_NONE, Key, Signing, SiteKey};
use crate::wire::ocp809::control::{
    Body, ControlFrame, KeyChange, Kind, Message, Nack, NackReason, Request, Route, Seal, Signer,
};

/// A request is repeated after this time without an answer: several frames of the slowest wall.
const PATIENCE_NS: u64 = 150_000_000;

/// A card that does not answer is asked this often.
const TRIES: u8 = 3;

/// What a request is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Signature {
    /// It is not.
    #[default]
    None,
    /// Key 0, which everybody has, and which is good only while a card has no site key.
    Open,
    /// The site's key.
    Site,
}

/// Where requests get what is different in each: transactions and counters.
#[derive(Debug)]
pub(super) struct Letterhead {
    next_transaction: u32,
    counters: CounterSource,
    site: SiteKey,
    has_site_key: bool,
    /// This sender's clock, as of the last [`Letterhead::tick`].
    tai: Tai,
}

/// Who is asked, by which way, and what proves who asks.
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
    /// What the request is signed with.
    pub(super) signature: Signature,
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) transaction: u32,
    pub(super) request: Request,
    pub(super) to: Addressee,
    sent: Nanos,
    tries: u8,
    /// Counters of the last chunk of each try.
    counters: Vec<u64>,
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
        let has_site_key = key.is_some();
        let site = key.unwrap_or(SiteKey { id: KEY_ID_NONE, key: Key::NONE });
        Self { next_transaction: (tai.0 / 1_000) as u32, counters: CounterSource::default(), site, has_site_key, tai }
    }

    pub(super) const fn transaction(&mut self) -> u32 {
        self.next_transaction = self.next_transaction.wrapping_add(1);
        self.next_transaction
    }

    /// What the stream is signed with: the same key and the same counters as control.
    pub(super) fn signing(&self) -> Option<Signing> {
        self.has_site_key.then(|| Signing { key: self.site.clone(), counters: self.counters.clone() })
    }

    /// The id of the site's key; 0 where there is none.
    pub(super) const fn key_id(&self) -> u16 {
        self.site.id
    }

    /// Goes on above the counter that a card named.
    pub(super) fn continue_above(&self, highest: u64) {
        self.counters.continue_above(highest);
    }

    /// Goes on above the latches of whoever drove a card.
    pub(super) fn overtake(&self, highest: u64) {
        self.counters.overtake(highest, self.tai);
    }

    /// Time passes.
    pub(super) const fn tick(&mut self, tai: Tai) {
        self.tai = tai;
    }

    /// The key of a signature with its id.
    fn key(&self, signature: Signature) -> Option<(u16, Key)> {
        match signature {
            Signature::None => None,
            Signature::Open => Some((KEY_ID_NONE, Key::NONE)),
            Signature::Site => Some((self.site.id, self.site.key)),
        }
    }

    /// The frames of a request, signed as it is to be.
    pub(super) fn frames(&self, asked: &mut Asked, source: MacAddress, frame_max: usize, tai: Tai) -> Vec<Vec<u8>> {
        let mut message = Message {
            route: Route::to_place(asked.to.hops),
            transaction: asked.transaction,
            body: Body::Request(asked.request.clone()),
        };
        let mut seal = Seal { destination: asked.to.address, source, frame_max, signer: None };
        let key = self.key(asked.to.signature);
        if let (Some((key_id, key)), Some(card)) = (&key, asked.to.identity) {
            let mut signer = Signer { card, key_id: *key_id, key, counter: 0 };
            let chunks = message.frame_count(&Seal { signer: Some(signer), ..seal }) as u64;
            signer.counter = self.counters.block(tai, chunks);
            seal.signer = Some(signer);
            asked.counters.push(signer.counter.saturating_add(chunks.saturating_sub(1)));
            self.mask(&mut message, &signer);
        }
        message.emit(&seal).unwrap_or_default()
    }

    /// The site's key travels masked under key and counter of the very message that brings it.
    fn mask(&self, message: &mut Message, signer: &Signer<'_>) {
        if let Body::Request(Request::Key(KeyChange { masked_key, .. })) = &mut message.body {
            *masked_key = *self.site.key.wrapped(signer.key, &signer.card, signer.counter).secret();
        }
    }
}

impl Asked {
    pub(super) const fn new(transaction: u32, request: Request, to: Addressee, now: Nanos) -> Self {
        Self { transaction, request, to, sent: now, tries: 1, counters: Vec::new() }
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

    /// Whether a frame may be the answer: what was signed is answered under its key and counter. Only that the key is not
    /// known is said without.
    pub(super) fn accepts(&self, frame: &ControlFrame<'_>, letterhead: &Letterhead) -> bool {
        let header = frame.packet().header();
        let Some(key) = letterhead.key(self.to.signature).zip(self.to.identity) else { return !header.auth };
        if !header.auth {
            return header.kind == Kind::Nack.code() && is_bad_auth(frame);
        }
        let ((id, key), card) = key;
        let counter = header.counter.checked_sub(header.chunk.into());
        header.key_id == id && counter.is_some_and(|counter| self.counters.contains(&counter)) && frame.is_authentic(&card, &key)
    }
}

fn is_bad_auth(frame: &ControlFrame<'_>) -> bool {
    let message = Message::parse(frame.packet());
    matches!(message, Ok(Message { body: Body::Nack(Nack { reason: NackReason::BadAuth, .. }), .. }))
}
