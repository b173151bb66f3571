use super::*;

fn topic(name: &str, id: u8, partitions: usize) -> Topic {
    let state = PartitionState {
        leader: NodeId(1),
        leader_epoch: 0,
        replicas: vec![NodeId(1)],
        isr: vec![NodeId(1)],
    };
    Topic {
        id: Uuid([id; 16]),
        name: name.into(),
        partitions: vec![state; partitions],
        internal: false,
        config: Arc::default(),
        overrides: Values::new(),
    }
}

#[test]
fn topics_are_found_by_name_id_and_partition() {
    let mut topics = Topics::default();
    topics.insert(topic("b", 2, 2));
    topics.insert(topic("a", 1, 1));
    assert_eq!(topics.named("b").unwrap().id, Uuid([2; 16]));
    assert_eq!(&*topics.with_id(Uuid([1; 16])).unwrap().name, "a");
    assert!(topics.named("c").is_none());
    let id = PartitionId {
        topic: Uuid([2; 16]),
        partition: 1,
    };
    assert!(topics.partition(id).is_some());
    assert!(
        topics
            .partition(PartitionId { partition: 2, ..id })
            .is_none()
    );
    assert!(
        topics
            .partition(PartitionId {
                partition: -1,
                ..id
            })
            .is_none()
    );
    assert_eq!(
        (
            topics.len(),
            topics.partition_count(),
            topics.partitions().count()
        ),
        (2, 3, 3)
    );
    assert_eq!(
        topics
            .from_name("aa")
            .map(|t| t.name.to_string())
            .collect::<Vec<_>>(),
        ["b"]
    );
}

#[test]
fn a_topic_takes_the_place_of_another_of_its_name_or_id_and_copies_stay_as_they_were() {
    let mut topics = Topics::default();
    topics.insert(topic("a", 1, 1));
    let before = topics.clone();
    topics.insert(topic("a", 2, 3));
    assert_eq!((topics.len(), topics.partition_count()), (1, 3));
    assert!(topics.with_id(Uuid([1; 16])).is_none());
    assert_eq!(
        topics.remove(Uuid([2; 16])).map(|t| t.partitions.len()),
        Some(3)
    );
    assert!(
        topics.is_empty()
            && topics.partition_count() == 0
            && topics.remove(Uuid([2; 16])).is_none()
    );
    assert_eq!((before.len(), before.partition_count()), (1, 1));
}

#[test]
fn an_image_can_go_to_another_core() {
    fn sent<T: Send + Sync>() {}
    sent::<Image>();
}

#[test]
fn names() {
    for good in ["a", "A.b_c-9", "...", &"x".repeat(249)] {
        assert_eq!(check_topic_name(good), Ok(()), "{good}");
    }
    assert_eq!(check_topic_name(""), Err(NameFault::Empty));
    assert_eq!(check_topic_name(".."), Err(NameFault::Dots));
    assert_eq!(check_topic_name(&"x".repeat(250)), Err(NameFault::TooLong));
    assert_eq!(check_topic_name("a b"), Err(NameFault::Character));
    assert_eq!(check_topic_name("é"), Err(NameFault::Character));
    assert_eq!(collision_key("a.b_c"), "a_b_c");
    assert!(is_internal("__consumer_offsets") && !is_internal("__mine"));
}
