//! The commands of a script.

use bytes::Bytes;
use ottla_protocol::ids::NodeId;
use ottla_raft::{Change, Input, Limits, Payload, Proposed, Recovered, Refused};

use super::look;
use crate::node::{Node, fresh};
use crate::world::World;

pub struct Session {
    world: World,
    limits: Limits,
    show_all: bool,
}

type Printed = Result<Vec<String>, String>;

impl Session {
    pub fn new() -> Session {
        Session {
            world: World::default(),
            limits: Limits::default(),
            show_all: false,
        }
    }

    /// Runs one command; the lines are what happened, then what the command itself says.
    pub fn run(&mut self, command: &str) -> Printed {
        let mut words = command.split_whitespace();
        let verb = words.next().ok_or("no command")?;
        let args: Vec<&str> = words.collect();
        // Proposals gather until a command that does something else.
        if !matches!(verb, "propose" | "command") {
            self.world.settle();
        }
        let said = self.verb(verb, &args)?;
        let trace = std::mem::take(&mut self.world.trace);
        let happened = trace
            .into_iter()
            .filter(|line| self.show_all || !line.detail)
            .map(|line| line.text);
        Ok(happened.chain(said).collect())
    }

    fn verb(&mut self, verb: &str, args: &[&str]) -> Printed {
        match verb {
            "nodes" => self.nodes(args),
            "join" => self.join(args),
            "limits" => self.set_limits(args),
            "show" => self.show(args),
            "lead" => self.lead(args),
            "run" => self.run_for(args),
            "campaign" | "tick" | "transfer" => self.elect(verb, args),
            "propose" | "command" => self.propose(verb, args),
            "change" => self.change(args),
            "flush" | "crash" | "restart" | "lose" => self.disk(verb, args),
            "deliver" | "drop" | "repeat" => self.letters(verb, args),
            "cut" | "split" | "isolate" | "heal" => self.network(verb, args),
            "stabilize" => self.quietly(|world| world.stabilize()),
            "checkpoint" | "offer" | "fetched" | "fetch-failed" => self.snapshot(verb, args),
            "status" | "log" | "disk" => look::at(&self.world, verb, &numbers(args)?),
            "letters" => Ok(look::letters(&self.world)),
            _ => Err(format!("no such command: {verb}")),
        }
    }

    fn quietly(&mut self, what: impl FnOnce(&mut World)) -> Printed {
        what(&mut self.world);
        Ok(Vec::new())
    }

    fn nodes(&mut self, args: &[&str]) -> Printed {
        let voters: Vec<i32> = numbers(args)?;
        for id in &voters {
            let node = Node::new(NodeId(*id), fresh(&voters), self.limits, 1);
            self.world.add(node);
        }
        Ok(Vec::new())
    }

    fn join(&mut self, args: &[&str]) -> Printed {
        let node = Node::new(node(args, 0)?, Recovered::joining(), self.limits, 1);
        self.quietly(|world| world.add(node))
    }

    fn set_limits(&mut self, args: &[&str]) -> Printed {
        for arg in args {
            let (name, value) = arg.split_once('=').ok_or("limits are NAME=NUMBER")?;
            let value: usize = value.parse().map_err(|_| "limits are NAME=NUMBER")?;
            match name {
                "message" => self.limits.max_message_bytes = value as u64,
                "uncommitted" => self.limits.max_uncommitted_bytes = value,
                "inflight" => self.limits.max_inflight = value,
                "window" => self.limits.window_entries = value,
                "window-bytes" => self.limits.window_bytes = value,
                _ => return Err(format!("no such limit: {name}")),
            }
        }
        Ok(Vec::new())
    }

    fn show(&mut self, args: &[&str]) -> Printed {
        self.show_all = args == ["all"];
        Ok(Vec::new())
    }

    /// The usual beginning: elected, and everybody knows it.
    fn lead(&mut self, args: &[&str]) -> Printed {
        self.elect("campaign", args)?;
        self.world.stabilize();
        let words = std::mem::take(&mut self.world.trace);
        Ok(words
            .into_iter()
            .map(|line| line.text)
            .filter(|text| text.contains(" serves "))
            .collect())
    }

    /// Time passes for all, and everything gets where it can.
    fn run_for(&mut self, args: &[&str]) -> Printed {
        let ids: Vec<NodeId> = self.world.nodes.keys().copied().collect();
        for _ in 0..count(args, 0, 1)? {
            ids.iter()
                .for_each(|id| self.world.handle(*id, Input::Tick));
            self.world.stabilize();
        }
        Ok(Vec::new())
    }

    fn elect(&mut self, verb: &str, args: &[&str]) -> Printed {
        let id = node(args, 0)?;
        match verb {
            "campaign" => self
                .world
                .with(id, |replica| replica.campaign())
                .ok_or("the node is down")?,
            "transfer" => {
                let to = node(args, 1)?;
                let done = self
                    .world
                    .with(id, |replica| replica.transfer(to))
                    .ok_or("the node is down")?;
                return said(done.map(|()| None));
            }
            _ => (0..count(args, 1, 1)?).for_each(|_| self.world.handle(id, Input::Tick)),
        }
        Ok(Vec::new())
    }

    fn propose(&mut self, verb: &str, args: &[&str]) -> Printed {
        let id = node(args, 0)?;
        let text = args.get(1).ok_or("what?")?;
        // A text of digits and an x stands for that many bytes: 100x.
        let body = match text.strip_suffix('x').and_then(|n| n.parse::<usize>().ok()) {
            Some(length) => Bytes::from(vec![b'x'; length]),
            None => Bytes::copy_from_slice(text.as_bytes()),
        };
        let payload = match verb {
            "command" => Payload::Command(body),
            _ => Payload::Data {
                bytes: body,
                records: count(args, 2, 1)? as u32,
            },
        };
        let node = self
            .world
            .nodes
            .get_mut(&id)
            .and_then(|n| n.replica.as_mut())
            .ok_or("the node is down")?;
        said(node.propose(payload).map(Some))
    }

    fn change(&mut self, args: &[&str]) -> Printed {
        let id = node(args, 0)?;
        let change = |word: &&str| -> Result<Change, String> {
            let (sign, digits) = word.split_at(1);
            let node = NodeId(
                digits
                    .parse()
                    .map_err(|_| format!("not a node: {digits}"))?,
            );
            match sign {
                "+" => Ok(Change::Voter(node)),
                "~" => Ok(Change::Learner(node)),
                "-" => Ok(Change::Remove(node)),
                _ => Err(format!("not a change: {word}")),
            }
        };
        let changes: Vec<Change> = args[1..].iter().map(change).collect::<Result<_, _>>()?;
        let out = self
            .world
            .with(id, |replica| replica.change(&changes))
            .ok_or("the node is down")?;
        said(out.map(Some))
    }

    fn disk(&mut self, verb: &str, args: &[&str]) -> Printed {
        let id = node(args, 0)?;
        match verb {
            "flush" => self.world.flush(id, count(args, 1, usize::MAX)?),
            "crash" => self.world.crash(id, count(args, 1, 0)?),
            "lose" => {
                let node = self.world.nodes.get_mut(&id).ok_or("no such node")?;
                let entries = &mut node.disk.recovered.entries;
                entries.truncate(entries.len().saturating_sub(count(args, 1, 1)?));
            }
            _ => self.world.restart(id).map_err(|e| e.to_string())?,
        }
        Ok(Vec::new())
    }

    fn letters(&mut self, verb: &str, args: &[&str]) -> Printed {
        let way: Vec<i32> = numbers(&args[..args.len().min(2)])?;
        let mut left = count(args, 2, usize::MAX)?.min(self.world.letters.len());
        let fits = |letter: &crate::world::Letter| {
            way.first().is_none_or(|n| letter.from.0 == *n)
                && way.get(1).is_none_or(|n| letter.to.0 == *n)
        };
        // Only what is on the way now: answers to it wait for the next command.
        let mut at = 0;
        for _ in 0..self.world.letters.len() {
            match self.world.letters.get(at) {
                Some(letter) if left > 0 && fits(letter) => {
                    left -= 1;
                    match verb {
                        "deliver" => self.world.deliver(at),
                        "drop" => drop(self.world.letters.remove(at)),
                        _ => self.world.repeat(at),
                    }
                    at += usize::from(verb == "repeat");
                }
                Some(_) => at += 1,
                None => break,
            }
        }
        Ok(Vec::new())
    }

    fn network(&mut self, verb: &str, args: &[&str]) -> Printed {
        let others: Vec<NodeId> = self.world.nodes.keys().copied().collect();
        match verb {
            "cut" => drop(self.world.cut.insert((node(args, 0)?, node(args, 1)?))),
            "split" => {
                let mut sides = args.split(|word| *word == "/").map(numbers);
                let (left, right) = (
                    sides.next().ok_or("who?")??,
                    sides.next().ok_or("from whom?")??,
                );
                for (a, b) in left
                    .iter()
                    .flat_map(|a| right.iter().map(move |b| (NodeId(*a), NodeId(*b))))
                {
                    self.world.cut.extend([(a, b), (b, a)]);
                }
            }
            "isolate" => {
                let id = node(args, 0)?;
                self.world
                    .cut
                    .extend(others.iter().flat_map(|other| [(id, *other), (*other, id)]));
            }
            _ => self.world.cut.clear(),
        }
        Ok(Vec::new())
    }

    fn snapshot(&mut self, verb: &str, args: &[&str]) -> Printed {
        let id = node(args, 0)?;
        match verb {
            "checkpoint" => {
                let applied = self.world.nodes.get(&id).map_or(0, |node| node.state.index);
                self.world
                    .checkpoint(id, count(args, 1, applied as usize)? as u64);
            }
            "offer" => self.world.offer(id),
            _ => self.world.fetched(id, verb == "fetched"),
        }
        Ok(Vec::new())
    }
}

fn said(outcome: Result<Option<Proposed>, Refused>) -> Printed {
    Ok(match outcome {
        Ok(Some(p)) => vec![format!(
            "proposed as {}/{} at offset {}",
            p.index, p.term, p.base_offset
        )],
        Ok(None) => Vec::new(),
        Err(refused) => vec![format!("refused: {refused}")],
    })
}

fn numbers(args: &[&str]) -> Result<Vec<i32>, String> {
    args.iter()
        .map(|word| word.parse().map_err(|_| format!("not a number: {word}")))
        .collect()
}

fn node(args: &[&str], at: usize) -> Result<NodeId, String> {
    let word = args.get(at).ok_or("which node?")?;
    word.parse()
        .map(NodeId)
        .map_err(|_| format!("not a node: {word}"))
}

fn count(args: &[&str], at: usize, otherwise: usize) -> Result<usize, String> {
    let Some(word) = args.get(at) else {
        return Ok(otherwise);
    };
    word.parse().map_err(|_| format!("not a number: {word}"))
}
