//! StreamsGroupTopology (type 23 of `__consumer_offsets`), made from `schema/records/streams_group_topology.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 23 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamsGroupTopologyKey<'a> {
    pub group_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for StreamsGroupTopologyKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(false)?;
        Ok(m)
    }
}

impl Encode for StreamsGroupTopologyKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        Ok(())
    }
}

impl StreamsGroupTopologyKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> StreamsGroupTopologyKey<'static> {
        StreamsGroupTopologyKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for StreamsGroupTopologyKey<'a> {
    const TYPE: i16 = 23;
    type Value = StreamsGroupTopologyValue<'a>;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamsGroupTopologyValue<'a> {
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology<'a>>,
}

impl<'a> Decode<'a> for StreamsGroupTopologyValue<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.epoch = r.i32()?;
        m.subtopologies = r.array(true, 8, |r| Subtopology::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for StreamsGroupTopologyValue<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.epoch);
        w.array(true, &self.subtopologies, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl StreamsGroupTopologyValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> StreamsGroupTopologyValue<'static> {
        StreamsGroupTopologyValue {
            epoch: self.epoch,
            subtopologies: self
                .subtopologies
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
        }
    }
}

impl<'a> RecordValue<'a> for StreamsGroupTopologyValue<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subtopology<'a> {
    pub subtopology_id: Cow<'a, str>,
    pub source_topics: Vec<Cow<'a, str>>,
    pub source_topic_regex: Vec<Cow<'a, str>>,
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    pub repartition_sink_topics: Vec<Cow<'a, str>>,
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
    pub copartition_groups: Vec<CopartitionGroup>,
}

impl<'a> Decode<'a> for Subtopology<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.subtopology_id = r.string(true)?;
        m.source_topics = r.array(true, 1, |r| r.string(true))?;
        m.source_topic_regex = r.array(true, 1, |r| r.string(true))?;
        m.state_changelog_topics = r.array(true, 9, |r| TopicInfo::decode(r, version))?;
        m.repartition_sink_topics = r.array(true, 1, |r| r.string(true))?;
        m.repartition_source_topics = r.array(true, 9, |r| TopicInfo::decode(r, version))?;
        m.copartition_groups = r.array(true, 4, |r| CopartitionGroup::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Subtopology<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.subtopology_id)?;
        w.array(true, &self.source_topics, |w, v| w.string(true, v))?;
        w.array(true, &self.source_topic_regex, |w, v| w.string(true, v))?;
        w.array(true, &self.state_changelog_topics, |w, v| {
            v.encode(w, version)
        })?;
        w.array(true, &self.repartition_sink_topics, |w, v| {
            w.string(true, v)
        })?;
        w.array(true, &self.repartition_source_topics, |w, v| {
            v.encode(w, version)
        })?;
        w.array(true, &self.copartition_groups, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl Subtopology<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> Subtopology<'static> {
        Subtopology {
            subtopology_id: Cow::Owned(self.subtopology_id.into_owned()),
            source_topics: self
                .source_topics
                .into_iter()
                .map(|v| Cow::Owned(v.into_owned()))
                .collect(),
            source_topic_regex: self
                .source_topic_regex
                .into_iter()
                .map(|v| Cow::Owned(v.into_owned()))
                .collect(),
            state_changelog_topics: self
                .state_changelog_topics
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
            repartition_sink_topics: self
                .repartition_sink_topics
                .into_iter()
                .map(|v| Cow::Owned(v.into_owned()))
                .collect(),
            repartition_source_topics: self
                .repartition_source_topics
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
            copartition_groups: self.copartition_groups,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopartitionGroup {
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
}

impl Decode<'_> for CopartitionGroup {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.source_topics = r.array(true, 2, |r| r.i16())?;
        m.source_topic_regex = r.array(true, 2, |r| r.i16())?;
        m.repartition_source_topics = r.array(true, 2, |r| r.i16())?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for CopartitionGroup {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.array(true, &self.source_topics, |w, v| {
            w.i16(*v);
            Ok(())
        })?;
        w.array(true, &self.source_topic_regex, |w, v| {
            w.i16(*v);
            Ok(())
        })?;
        w.array(true, &self.repartition_source_topics, |w, v| {
            w.i16(*v);
            Ok(())
        })?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicConfig<'a> {
    pub key: Cow<'a, str>,
    pub value: Cow<'a, str>,
}

impl<'a> Decode<'a> for TopicConfig<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.key = r.string(true)?;
        m.value = r.string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TopicConfig<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.key)?;
        w.string(true, &self.value)?;
        w.tags();
        Ok(())
    }
}

impl TopicConfig<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> TopicConfig<'static> {
        TopicConfig {
            key: Cow::Owned(self.key.into_owned()),
            value: Cow::Owned(self.value.into_owned()),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicInfo<'a> {
    pub name: Cow<'a, str>,
    pub partitions: i32,
    pub replication_factor: i16,
    pub topic_configs: Vec<TopicConfig<'a>>,
}

impl<'a> Decode<'a> for TopicInfo<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(true)?;
        m.partitions = r.i32()?;
        m.replication_factor = r.i16()?;
        m.topic_configs = r.array(true, 3, |r| TopicConfig::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TopicInfo<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.name)?;
        w.i32(self.partitions);
        w.i16(self.replication_factor);
        w.array(true, &self.topic_configs, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl TopicInfo<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> TopicInfo<'static> {
        TopicInfo {
            name: Cow::Owned(self.name.into_owned()),
            partitions: self.partitions,
            replication_factor: self.replication_factor,
            topic_configs: self
                .topic_configs
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
        }
    }
}
