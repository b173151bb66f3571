//! Planted bugs, to prove that the checks find them: in this crate and in those above it. Compiled only with the feature
//! `mutants`, which nothing but the fault suite enables; without it [`planted`] is the constant `false` and every branch on
//! it is gone.

macro_rules! mutants {
    ($($(#[$doc:meta])* $mutant:ident $name:literal;)*) => {
        /// A bug that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant {
            $($(#[$doc])* $mutant,)*
        }

        impl Mutant {
            /// All of them.
            pub const ALL: &'static [Mutant] = &[$(Mutant::$mutant),*];

            /// What it is called on a command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Mutant::$mutant => $name,)*
                }
            }
        }
    };
}

mutants! {
    /// The journal writes but never flushes.
    SkipFlush "skip-flush";
    /// The journal says "flushed" when it has only issued the write.
    AckBeforeFlush "ack-before-flush";
    /// Replay takes the last good run for a torn one.
    CutAckedTail "cut-acked-tail";
    /// A log's end offset advances one too few, so that the next batch reuses an offset.
    OffsetTwice "offset-twice";
    /// The oldest journal file is used again although a partition needs it.
    RecycleTooEarly "recycle-too-early";
    /// A new journal file's name is not flushed.
    NameNotFlushed "name-not-flushed";
    /// A file is made another before it has lost its old name for good.
    SpareTooEarly "spare-too-early";
    /// The zeroes for a file that a run ended early come into the file made of it.
    ZeroesLate "zeroes-late";
    /// A start takes what it reads for durable, also after a flush that failed.
    TailNotRewritten "tail-not-rewritten";
    /// A first run that is larger than the first journal file leaves it empty and goes to the second.
    FirstRunElsewhere "first-run-elsewhere";
    /// Checkpoints are ahead of the segments: those are written and not flushed.
    SegmentNotFlushed "segment-not-flushed";
    /// A new segment's name is not flushed.
    SegmentNameNotFlushed "segment-name-not-flushed";
    /// Retention by size removes one segment too many.
    RetentionTooMuch "retention-too-much";
    /// Retention by size counts what is deleted already and waits for its removal.
    RetentionCountsDeleted "retention-counts-deleted";
    /// Retention by time removes what is half as old as it may be.
    RetentionTooYoung "retention-too-young";
    /// What DeleteRecords deleted can be read for as long as it is there.
    ReadDeleted "read-deleted";
    /// A search by time finds later records than the first.
    WrongTime "wrong-time";
    /// A deleted partition goes on writing behind its last word.
    EntryBehindForget "entry-behind-forget";
    /// Nothing may be appended while much waits for its segments, also if that waits for the append.
    NoRoomForCommits "no-room-for-commits";
    /// What is appended counts as committed for readers.
    ReadUncommitted "read-uncommitted";
    /// Readers get records at and beyond the high watermark.
    ServeBeyondHighWatermark "serve-beyond-high-watermark";
    /// Producers are answered when their batch is appended.
    AckBeforeCommit "ack-before-commit";
    /// A start forgets all idempotent producers.
    ProducersForgotten "producers-forgotten";
    /// A start knows idempotent producers from the last checkpoint only.
    TailProducersForgotten "tail-producers-forgotten";
    /// A batch that is there already is appended again.
    DuplicateTaken "duplicate-taken";
    /// A batch that is there already is acknowledged at another offset.
    RepeatAnsweredWrong "repeat-answered-wrong";
    /// DeleteRecords moves the log's start in memory only.
    DeleteNotLogged "delete-not-logged";
    /// ListOffsets takes the log's end for the high watermark.
    LatestIsEnd "latest-is-end";
    /// Changes of topics and settings are answered and not logged.
    ChangeNotLogged "change-not-logged";
    /// A block of producer ids is the one before.
    ProducerIdsAgain "producer-ids-again";
    /// A start with another number of shards brings the checkpoints along, not what came after.
    ReshardForgets "reshard-forgets";
    /// Retention removes segments before its checkpoint says that the log starts behind them.
    StartNotDurable "start-not-durable";
    /// Compaction removes segments before it is durable that others take their place.
    OldSegmentsFirst "old-segments-first";
    /// Compaction does not flush the segments that it writes.
    CleanedNotFlushed "cleaned-not-flushed";
    /// Compaction takes segments that no durable checkpoint knows to be closed.
    CleanedUncovered "cleaned-uncovered";
    /// Compaction removes tombstones at once.
    TombstoneTooEarly "tombstone-too-early";
    /// Compaction keeps the oldest value of a key and not the newest.
    OldestValueKept "oldest-value-kept";
    /// Replaced segments stay in the batch cache.
    ReplacedStaysCached "replaced-stays-cached";
    /// Coordinators answer before what they write is committed.
    AnswerBeforeRecord "answer-before-record";
    /// The markers of a transaction are written before its end is decided for good.
    MarkersBeforeDecision "markers-before-decision";
    /// A transaction counts as done before its markers are written.
    DoneBeforeMarkers "done-before-markers";
    /// A producer that was fenced may end transactions.
    FencedMayEnd "fenced-may-end";
    /// A producer that was fenced may add partitions.
    FencedMayAdd "fenced-may-add";
    /// A producer that begins gets the epoch that another has.
    EpochKept "epoch-kept";
    /// A transaction that took too long is aborted, and its producer not fenced.
    TimeoutKeepsEpoch "timeout-keeps-epoch";
    /// A start does not carry on with the markers of what was decided.
    DecisionForgotten "decision-forgotten";
    /// A start carries on with the markers of every decision as with those of an abort.
    ResumedAsAbort "resumed-as-abort";
    /// A start does not know when transactions time out.
    TimeoutsForgotten "timeouts-forgotten";
    /// Everything below the high watermark counts as stable.
    StableIsHighWatermark "stable-is-high-watermark";
    /// A start does not know which transactions are open.
    OpenForgotten "open-forgotten";
    /// A checkpoint does not carry the aborted transactions that are in no segment yet.
    AbortedNotCarried "aborted-not-carried";
    /// A segment's index is written without its aborted transactions.
    AbortedNotIndexed "aborted-not-indexed";
    /// Offsets that a transaction commits count before it is committed.
    OffsetsTooEarly "offsets-too-early";
    /// A start forgets the offsets of transactions that are under way.
    PendingForgotten "pending-forgotten";
    /// Offsets that a transaction under way may change are said as if they were stable.
    UnstableServed "unstable-served";
    /// Whoever is or was a member of a group may commit in a transaction.
    GenerationUnchecked "generation-unchecked";
    /// A start takes no notice of offsets that were deleted.
    DeletionsUnread "deletions-unread";
    /// Of a consumer group's members one gets what another has not given up yet.
    GivenToTwo "given-to-two";
    /// A classic group's next generation has the number of the last.
    GenerationAgain "generation-again";
    /// A start does not wait for members that are not heard of any more.
    SessionsForgotten "sessions-forgotten";
    /// What became of records that a share group was given is answered and not written.
    ShareUnwritten "share-unwritten";
    /// Records that a member of a share group has are given to another.
    ShareGivenToTwo "share-given-to-two";
    /// A start does not know which records beyond the share group's start are done with.
    ShareStateForgotten "share-state-forgotten";
    /// Any member of a share group may say what becomes of a record that somebody has.
    ShareHolderUnchecked "share-holder-unchecked";
}

#[cfg(feature = "mutants")]
mod planting {
    use super::Mutant;
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Plants a bug in everything that this thread does from now on; `None` heals it.
    pub fn plant(mutant: Option<Mutant>) {
        PLANTED.set(mutant);
    }

    /// Whether this bug is planted.
    pub fn planted(mutant: Mutant) -> bool {
        PLANTED.get() == Some(mutant)
    }
}

#[cfg(feature = "mutants")]
pub use planting::{plant, planted};

/// Whether this bug is planted.
#[cfg(not(feature = "mutants"))]
pub const fn planted(_: Mutant) -> bool {
    false
}
