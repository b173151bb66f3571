//! What is known of transactions: which were begun, what was asked of them, and what was seen of them.
//!
//! 1. A record of a transaction is read as committed only if its commit was asked for, and never again once it was refused.
//! 2. A transaction whose commit was acknowledged, or of which one record was read as committed, is there in full in all of its
//!    partitions; any other is nowhere.
//! 3. An offset holds one record for ever, a record one offset; a producer's records stand in the order sent.
//! 4. A reader of what is committed passes over nothing that is, or becomes, committed.
//! 5. The last stable offset never goes back and never passes the high watermark.
//! 6. No producer id and epoch are given twice; who was fenced commits nothing.

use std::collections::{BTreeMap, BTreeSet};

/// Which transaction: the number of its producer, and its own.
pub type Id = (u32, u64);

/// A record: the nth that a transaction has in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    /// The transaction.
    pub of: Id,
    /// The partition: a place in the book.
    pub place: u32,
    /// Its number there.
    pub nth: u32,
}

/// Bytes of a piece; what follows is padding.
const PIECE: usize = 20;

impl Piece {
    /// As the value of a record, with so many bytes more.
    pub fn encode(&self, padding: usize) -> Vec<u8> {
        let mut value = Vec::with_capacity(PIECE + padding);
        value.extend(self.of.0.to_be_bytes());
        value.extend(self.of.1.to_be_bytes());
        value.extend(self.place.to_be_bytes());
        value.extend(self.nth.to_be_bytes());
        value.resize(PIECE + padding, 7);
        value
    }

    /// From the value of a record.
    pub fn decode(value: Option<&[u8]>) -> Option<Piece> {
        let (piece, padding) = value?.split_at_checked(PIECE)?;
        let number = |at: usize| Some(u32::from_be_bytes(piece[at..at + 4].try_into().ok()?));
        let intact = padding.iter().all(|b| *b == 7);
        intact.then_some(Piece {
            of: (
                number(0)?,
                u64::from_be_bytes(piece[4..12].try_into().ok()?),
            ),
            place: number(12)?,
            nth: number(16)?,
        })
    }
}

/// How a transaction ends, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nobody has asked for its commit, or it was refused for good.
    Never,
    /// Its commit was asked for.
    Unknown,
    /// Its commit was acknowledged.
    Committed,
}

/// One transaction.
#[derive(Debug)]
struct Transaction {
    /// Records by place.
    sent: BTreeMap<u32, u32>,
    fate: Fate,
    /// One of its records was read as committed.
    seen: bool,
}

/// One partition.
#[derive(Debug, Default)]
pub struct Place {
    /// Its topic.
    pub topic: String,
    /// Its number there.
    pub partition: i32,
    /// What is in the log for sure, committed or not.
    facts: BTreeMap<i64, Piece>,
    at: BTreeMap<Piece, i64>,
    visible: BTreeSet<i64>,
    /// What a reader of what is committed got nothing at.
    passed: BTreeSet<i64>,
    /// The last stable offset, and the high watermark.
    ends: (i64, i64),
}

/// A transactional id.
#[derive(Debug, Default)]
pub struct Identity {
    /// Ids and epochs that were given to its producers.
    given: BTreeSet<(i64, i16)>,
    /// The broker's last life in which somebody wanted to and was not answered: that may still happen in it.
    pub doubt: u32,
}

/// Everything.
#[derive(Debug, Default)]
pub struct Book {
    /// The partitions.
    pub places: Vec<Place>,
    /// By name.
    pub identities: BTreeMap<String, Identity>,
    transactions: BTreeMap<Id, Transaction>,
    /// What pieces are made of: partition and offset of the input.
    inputs: BTreeMap<Piece, (i32, i64)>,
    /// The inputs that are in the output, and where.
    outputs: BTreeMap<(i32, i64), Piece>,
}

impl Place {
    /// An empty log.
    pub fn new(topic: &str, partition: i32) -> Self {
        Self {
            topic: topic.to_owned(),
            partition,
            ..Self::default()
        }
    }

    /// What to call it in a story.
    pub fn name(&self) -> String {
        format!("{}-{}", self.topic, self.partition)
    }

    /// The last stable offset and the high watermark that every answer to a request sent now must at least know.
    pub fn floor(&self) -> (i64, i64) {
        self.ends
    }

    fn know(&mut self, offset: i64, piece: Piece, how: &str) -> Result<(), String> {
        let name = self.name();
        match (self.facts.get(&offset), self.at.get(&piece)) {
            (Some(known), _) if *known == piece => return Ok(()),
            (Some(known), _) => {
                return Err(format!(
                    "{name}: {how} {offset}: it holds {piece:?}, before it held {known:?}"
                ));
            }
            (None, Some(other)) => {
                return Err(format!(
                    "{name}: {how} {offset}: {piece:?} is at {other} already"
                ));
            }
            (None, None) => {}
        }
        let same = |(other, _): &(&Piece, &i64)| other.of.0 == piece.of.0;
        let before = self.at.range(..piece).next_back().filter(same);
        let after = self.at.range(piece..).next().filter(same);
        let early = before.filter(|(_, at)| **at > offset);
        let late = after.filter(|(_, at)| **at < offset);
        if let Some((other, at)) = early.or(late) {
            return Err(format!(
                "{name}: {how} {offset}: {piece:?}, but {other:?} of the same producer is at {at}"
            ));
        }
        self.at.insert(piece, offset);
        self.facts.insert(offset, piece);
        Ok(())
    }

    /// The last stable offset and the high watermark were seen.
    pub fn saw_ends(&mut self, found: (i64, i64), floor: (i64, i64)) -> Result<(), String> {
        let name = self.name();
        if found.0 < floor.0 || found.1 < floor.1 {
            return Err(format!(
                "{name}: the last stable offset and the high watermark are {found:?}, they were {floor:?}"
            ));
        }
        if found.0 > found.1 {
            return Err(format!(
                "{name}: stable beyond the high watermark: {found:?}"
            ));
        }
        self.ends = (self.ends.0.max(found.0), self.ends.1.max(found.1));
        Ok(())
    }
}

impl Book {
    /// The newest producer of an id: every answer to a request for one that is sent now must give a newer one.
    pub fn newest(&self, id: &str) -> Option<(i64, i16)> {
        self.identities.get(id)?.given.last().copied()
    }

    /// A producer begins to speak for an id; `floor` was its newest when that was asked for.
    pub fn given(
        &mut self,
        id: &str,
        producer: (i64, i16),
        floor: Option<(i64, i16)>,
    ) -> Result<(), String> {
        let identity = self.identities.entry(id.to_owned()).or_default();
        let is_old = floor.is_some_and(|floor| floor.0 == producer.0 && floor >= producer);
        if is_old || !identity.given.insert(producer) {
            let given = &identity.given;
            return Err(format!(
                "{id}: {producer:?} was given again or late: {given:?}"
            ));
        }
        Ok(())
    }

    /// Is there a newer producer of the id, who knows that it is?
    pub fn is_stale(&self, id: &str, producer: (i64, i16)) -> bool {
        let newest = self.newest(id);
        newest.is_some_and(|newest| newest.0 == producer.0 && newest > producer)
    }

    /// A producer is about to write this much more of a transaction to a place.
    pub fn sending(&mut self, of: Id, place: u32, records: u32) {
        let begun = || Transaction {
            sent: BTreeMap::new(),
            fate: Fate::Never,
            seen: false,
        };
        let transaction = self.transactions.entry(of).or_insert_with(begun);
        *transaction.sent.entry(place).or_default() += records;
    }

    /// A piece that is about to be written is made of this input.
    pub fn made_of(&mut self, piece: Piece, input: (i32, i64)) {
        self.inputs.insert(piece, input);
    }

    /// How much of an input partition is in the output: all offsets below this, and no other.
    pub fn worked_off(&self, partition: i32) -> Result<i64, String> {
        let outputs = self.outputs.range((partition, 0)..=(partition, i64::MAX));
        for (at, ((_, offset), _)) in (0..).zip(outputs.clone()) {
            if *offset != at {
                return Err(format!(
                    "input {at} of partition {partition} is not in the output"
                ));
            }
        }
        Ok(outputs.count() as i64)
    }

    /// A batch of a transaction stands at an offset.
    pub fn stands(&mut self, offset: i64, first: Piece, records: u32) -> Result<(), String> {
        let place = &mut self.places[first.place as usize];
        for nth in 0..records {
            let piece = Piece {
                nth: first.nth + nth,
                ..first
            };
            place.know(offset + i64::from(nth), piece, "acknowledged at")?;
        }
        Ok(())
    }

    /// What is known of a transaction's end changes.
    pub fn ends(&mut self, of: Id, fate: Fate) -> Result<(), String> {
        let Some(transaction) = self.transactions.get_mut(&of) else {
            return Ok(());
        };
        if fate == Fate::Never && transaction.seen {
            return Err(format!(
                "the commit of transaction {of:?} was refused, but its records were read"
            ));
        }
        transaction.fate = fate;
        Ok(())
    }

    /// A reader of what is committed got these records, and nothing else, between `from` and `next`.
    pub fn read(
        &mut self,
        place: usize,
        (from, next): (i64, i64),
        records: &[(i64, Piece)],
    ) -> Result<(), String> {
        let name = self.places[place].name();
        for (offset, piece) in records {
            if piece.place as usize != place {
                return Err(format!("{name}: {piece:?} at {offset} was sent elsewhere"));
            }
            let transaction = self.transactions.get_mut(&piece.of);
            let sent =
                |t: &&mut Transaction| t.sent.get(&piece.place).is_some_and(|n| piece.nth < *n);
            let Some(transaction) = transaction.filter(sent) else {
                return Err(format!("{name}: nobody sent {piece:?}, read at {offset}"));
            };
            if transaction.fate == Fate::Never {
                return Err(format!("{name}: {piece:?} at {offset} is not committed"));
            }
            transaction.seen = true;
            let place = &mut self.places[place];
            place.know(*offset, *piece, "read at")?;
            place.visible.insert(*offset);
            if let Some(input) = self.inputs.get(piece) {
                let before = self.outputs.insert(*input, *piece);
                if let Some(other) = before.filter(|other| other != piece) {
                    return Err(format!(
                        "{name}: input {input:?} is in the output twice: {other:?} and {piece:?}"
                    ));
                }
            }
            if place.passed.contains(offset) {
                return Err(format!(
                    "{name}: {piece:?} at {offset} was passed over before"
                ));
            }
        }
        let place = &mut self.places[place];
        let got: BTreeSet<i64> = records.iter().map(|(offset, _)| *offset).collect();
        if let Some(left) = place.visible.range(from..next).find(|o| !got.contains(o)) {
            return Err(format!(
                "{name}: {left} was read before, and is left out now"
            ));
        }
        place
            .passed
            .extend((from..next).filter(|o| !got.contains(o)));
        Ok(())
    }

    /// After all was read: each transaction is there in full, or not at all.
    pub fn settle(&self) -> Result<(), String> {
        let mut found: BTreeMap<Id, BTreeMap<u32, u32>> = BTreeMap::new();
        for (number, place) in (0..).zip(&self.places) {
            for offset in &place.visible {
                let of = place.facts[offset].of;
                *found.entry(of).or_default().entry(number).or_default() += 1;
            }
        }
        let nothing = BTreeMap::new();
        for (id, transaction) in &self.transactions {
            let (there, sent) = (found.get(id).unwrap_or(&nothing), &transaction.sent);
            let whole = match transaction.fate {
                Fate::Never => there.is_empty(),
                Fate::Unknown => there.is_empty() || there == sent,
                Fate::Committed => there == sent,
            };
            if !whole {
                let fate = transaction.fate;
                return Err(format!(
                    "transaction {id:?} ({fate:?}) has {there:?} records, {sent:?} were sent"
                ));
            }
        }
        Ok(())
    }

    /// Has nobody written anything?
    pub fn is_empty(&self) -> bool {
        self.transactions.is_empty()
    }

    /// Transactions known to be committed.
    pub fn committed(&self) -> u64 {
        let all = self.transactions.values();
        all.filter(|t| t.fate == Fate::Committed || t.seen).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(number: u64, nth: u32) -> Piece {
        Piece {
            of: (1, number),
            place: 0,
            nth,
        }
    }

    /// One partition; transaction 1 of two records, 2 of one record.
    fn book() -> Book {
        let mut book = Book {
            places: vec![Place::default()],
            ..Book::default()
        };
        book.sending((1, 1), 0, 2);
        book.sending((1, 2), 0, 1);
        book
    }

    #[test]
    fn a_history_without_fault() {
        let mut book = book();
        book.stands(0, piece(1, 0), 2).unwrap();
        book.ends((1, 1), Fate::Unknown).unwrap();
        book.read(0, (0, 3), &[(0, piece(1, 0)), (1, piece(1, 1))])
            .unwrap();
        book.ends((1, 1), Fate::Committed).unwrap();
        book.settle().unwrap();
        assert_eq!(book.committed(), 1);
    }

    #[test]
    fn what_nobody_committed_is_not_read() {
        assert!(book().read(0, (0, 1), &[(0, piece(1, 0))]).is_err());
        let mut refused = book();
        refused.ends((1, 2), Fate::Unknown).unwrap();
        refused.read(0, (0, 1), &[(0, piece(2, 0))]).unwrap();
        assert!(refused.ends((1, 2), Fate::Never).is_err());
    }

    #[test]
    fn half_a_transaction_is_none() {
        let mut book = book();
        book.ends((1, 1), Fate::Unknown).unwrap();
        book.settle().unwrap();
        book.read(0, (0, 1), &[(0, piece(1, 0))]).unwrap();
        assert!(book.settle().is_err());
    }

    #[test]
    fn a_commit_that_is_lost() {
        let mut book = book();
        book.ends((1, 2), Fate::Committed).unwrap();
        assert!(book.settle().is_err());
    }

    #[test]
    fn what_was_passed_over_does_not_appear_and_what_was_read_stays() {
        let mut book = book();
        book.ends((1, 2), Fate::Committed).unwrap();
        book.read(0, (0, 1), &[]).unwrap();
        assert!(book.read(0, (0, 1), &[(0, piece(2, 0))]).is_err());
        let mut book = self::book();
        book.ends((1, 2), Fate::Committed).unwrap();
        book.read(0, (0, 1), &[(0, piece(2, 0))]).unwrap();
        assert!(book.read(0, (0, 1), &[]).is_err());
    }

    #[test]
    fn records_stand_once_and_in_order() {
        let mut book = book();
        book.stands(4, piece(1, 0), 2).unwrap();
        assert!(book.stands(6, piece(1, 0), 1).is_err(), "twice");
        assert!(book.stands(5, piece(2, 0), 1).is_err(), "in one place");
        assert!(book.stands(3, piece(2, 0), 1).is_err(), "too early");
        book.stands(7, piece(2, 0), 1).unwrap();
    }

    #[test]
    fn ends_never_go_back() {
        let mut place = Place::default();
        place.saw_ends((3, 5), (0, 0)).unwrap();
        assert!(place.saw_ends((2, 6), place.floor()).is_err());
        assert!(place.saw_ends((6, 5), place.floor()).is_err());
    }

    #[test]
    fn an_epoch_is_given_once() {
        let mut book = book();
        book.given("a", (7, 0), None).unwrap();
        let floor = book.newest("a");
        book.given("a", (7, 2), floor).unwrap();
        assert!(book.is_stale("a", (7, 0)) && !book.is_stale("a", (7, 2)));
        book.given("a", (7, 1), floor).unwrap(); // its answer came late
        assert!(book.given("a", (7, 2), floor).is_err());
        assert!(book.given("a", (7, 1), book.newest("a")).is_err());
        book.given("a", (9, 0), book.newest("a")).unwrap();
    }

    #[test]
    fn an_input_is_in_the_output_once() {
        let mut book = book();
        book.ends((1, 1), Fate::Unknown).unwrap();
        book.ends((1, 2), Fate::Unknown).unwrap();
        book.made_of(piece(1, 0), (0, 0));
        book.made_of(piece(1, 1), (0, 2));
        book.made_of(piece(2, 0), (0, 2));
        book.read(0, (0, 2), &[(0, piece(1, 0)), (1, piece(1, 1))])
            .unwrap();
        assert!(book.worked_off(0).is_err(), "1 is missing");
        assert_eq!(book.worked_off(1), Ok(0));
        assert!(book.read(0, (2, 3), &[(2, piece(2, 0))]).is_err());
    }

    #[test]
    fn pieces_come_back() {
        let piece = Piece {
            of: (3, 1 << 40),
            place: 2,
            nth: 9,
        };
        assert_eq!(Piece::decode(Some(&piece.encode(5))), Some(piece));
        assert_eq!(Piece::decode(Some(&piece.encode(0)[1..])), None);
        assert_eq!(Piece::decode(None), None);
    }
}
