//! One question: every resource is judged in every way in which the conditions can hold, by the
//! evaluation that also decides on one request.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashSet};

use crate::bits::Bits;
use crate::context::Context;
use crate::decision::{Outcome, PolicySet, StatementRef};
use crate::document::Effect;
use crate::effective::contexts::{Applying, Chosen, Contexts, Way};
use crate::effective::meetings::Meetings;
use crate::effective::resources::{Place, Representatives, Resources};
use crate::effective::{Access, AskedAction, Consent, Level, Open, Question, Witness, signature};
use crate::evaluation::{Evaluation, Reach};
use crate::truth::Truth;

/// How much is judged before what is left is open: ways times the words of a set of statements.
const WORK: usize = 200_000;

/// A question, with what is the same in every place.
pub struct Inquiry<'question> {
    question: &'question Question<'question>,
    /// The actions, but for those of which the same is said as of one before.
    actions: Vec<AskedAction<'question>>,
    /// One for each action.
    evaluations: Vec<Evaluation<'question>>,
    meetings: Meetings<'question>,
}

/// What came of one resource.
struct Judged {
    /// The most that it can be, whatever is open.
    level: Level,
    /// The least that it can be.
    at_least: Level,
    /// A way in which it is permitted, for certain if there is one.
    way: Option<usize>,
}

impl<'question> Inquiry<'question> {
    /// Gathers what the policies say of the question.
    pub fn new(policies: &'question PolicySet, question: &'question Question<'question>) -> Self {
        let mut actions = question.actions.to_vec();
        if actions.len() > 1 {
            let mut said = HashSet::default();
            actions.retain(|action| {
                said.insert((signature(policies, action.name), action.takes_resource))
            });
        }
        let evaluations: Vec<Evaluation<'_>> = actions
            .iter()
            .map(|action| Evaluation::new(policies, action.name, question.principal))
            .collect();
        let meetings = Meetings::new(&actions, &evaluations);
        Self { question, actions, evaluations, meetings }
    }

    /// Judges place by place. Places that are alike in all that decides are judged once.
    pub fn answer(&self) -> Access {
        let budget = self.question.budget;
        let mut answer = Answer::new(&self.evaluations);
        if !self.evaluations.iter().all(Evaluation::can_allow) {
            return answer.access;
        }
        let takes_resource = self.actions.iter().any(|action| action.takes_resource);
        let contexts = Contexts::new(&self.evaluations, self.question.knowledge, budget);
        let mut resources = Resources::new(&self.evaluations, self.question.names);
        let mut seen = HashSet::default();
        let mut whereabouts = Whereabouts::default();
        let cost_of_meeting = self.meetings.cost();
        let mut work = 0;
        for place in self.question.places {
            if !takes_resource && place.consent != Consent::Own {
                continue;
            }
            let telling = contexts.telling(&place.known);
            let (whereabout, ways) = whereabouts.of(&telling, &contexts, self);
            let Whereabout { known, without_resource, number } = whereabout;
            let is_searched = takes_resource && !budget.is_spent();
            let signature =
                is_searched.then(|| resources.signature(place, known, budget)).flatten();
            if !seen.insert((signature, place.consent, *number)) {
                continue;
            }
            // The ARN of a resource tells where it lies; `*` does not.
            let place_tells = if takes_resource { Context::new() } else { telling };
            let found = match &signature {
                Some(signature) => resources.found(place, signature, budget),
                None if takes_resource => Representatives::unknown(),
                None => Representatives::none(),
            };
            let mut is_cut = found.is_bound;
            let mut covered = None;
            let mut meetings = HashSet::default();
            for resource in &found.resources {
                if !budget.take(cost_of_meeting) {
                    is_cut = true;
                    break;
                }
                let meeting = self.meetings.of(resource, known, without_resource);
                let signature = signature.as_ref();
                let is_named = signature.is_some_and(|one| resources.is_named(one, resource));
                if !meetings.insert((meeting.clone(), is_named)) {
                    continue;
                }
                let cost = ways.len() * self.words();
                work += cost;
                if work > WORK || !budget.take(cost) {
                    is_cut = true;
                    break;
                }
                let judged = self.judge(&meeting, ways, place, &mut answer);
                if !is_named {
                    covered = Some(covered.unwrap_or(Level::Allowed).min(judged.level));
                }
                answer.keep(&judged, resource, place.consent, ways, &place_tells);
            }
            if is_cut {
                answer.access.open.is_cut = true;
                let widest: Vec<Applying> = self.evaluations.iter().map(widest).collect();
                let judged = self.judge(&widest, ways, place, &mut answer);
                answer.upper = answer.upper.max(judged.level);
                // What was not looked at may be as permitted, every resource of it.
                if place.consent == Consent::Own {
                    answer.best_cover = answer.best_cover.max(judged.level);
                }
            } else if place.consent == Consent::Own {
                answer.best_cover = answer.best_cover.max(covered.unwrap_or(Level::Denied));
            }
        }
        if self.question.has_more_places && takes_resource {
            answer.access.open.is_cut = true;
            let (prefix, known, consent) = (String::new(), Context::new(), Consent::Unknown);
            let (_, ways) = whereabouts.of(&known, &contexts, self);
            let widest: Vec<Applying> = self.evaluations.iter().map(widest).collect();
            let elsewhere = Place { prefix, known, consent };
            let judged = self.judge(&widest, ways, &elsewhere, &mut answer);
            answer.upper = answer.upper.max(judged.level);
        }
        answer.access.open.is_cut |= whereabouts.are_cut || contexts.are_cut();
        let places = self.question.places;
        let is_known = |key: &str| places.iter().all(|place| place.known.get(key).is_some());
        let unknown = contexts.open().iter().filter(|key| !is_known(key));
        answer.access.open.keys = unknown.cloned().collect();
        answer.done(&self.evaluations)
    }

    fn words(&self) -> usize {
        self.evaluations.iter().map(|about| about.parts.len().div_ceil(64)).sum::<usize>().max(1)
    }

    /// Judges one resource over every way.
    fn judge(
        &self,
        meeting: &[Applying],
        ways: &[Way],
        place: &Place,
        answer: &mut Answer,
    ) -> Judged {
        let (mut always, mut surely_always) = (true, true);
        let (mut sometimes, mut surely) = (None, None);
        for (index, way) in ways.iter().enumerate() {
            let (mut permitted, mut certain) = (true, true);
            let mut granting = Vec::with_capacity(self.evaluations.len());
            for (number, about) in self.evaluations.iter().enumerate() {
                let is_cross_account =
                    place.consent != Consent::Own && self.actions[number].takes_resource;
                let reach = Reach { is_cross_account, is_admitted: true };
                let mut applying = way.applying[number].and(&meeting[number]);
                if is_cross_account {
                    about.of_resource_control().for_each(|rcp| applying.limit(rcp, Truth::Unknown));
                }
                let (sure, maybe) = (&applying.certain, &applying.possible);
                match about.outcome(maybe, sure, reach) {
                    Outcome::Allowed => granting.push(about.granting(maybe, reach)),
                    Outcome::ExplicitlyDenied => answer.denying[number].add(&about.denying(sure)),
                    Outcome::ImplicitlyDenied => {}
                }
                permitted &= granting.len() == number + 1;
                certain =
                    certain && permitted && about.outcome(sure, maybe, reach) == Outcome::Allowed;
            }
            always &= permitted;
            surely_always &= certain;
            if permitted {
                for (all, some) in answer.granting.iter_mut().zip(&granting) {
                    all.add(some);
                }
                sometimes = sometimes.or(Some(index));
                if certain {
                    surely = surely.or(Some(index));
                }
            }
        }
        let level = |sometimes: Option<usize>, always: bool| match (sometimes, always) {
            (None, _) => Level::Denied,
            (_, true) if place.consent != Consent::Unknown => Level::Allowed,
            _ => Level::Conditional,
        };
        Judged {
            level: level(sometimes, always),
            at_least: level(surely, surely_always),
            way: surely.or(sometimes),
        }
    }
}

/// What is known in the places seen so far, and the ways in which the conditions can hold there.
#[derive(Default)]
struct Whereabouts {
    /// By what of a place can make a difference.
    known: HashMap<Context, Whereabout>,
    /// The numbers of ways, by all that they follow from.
    numbers: HashMap<(Vec<Applying>, Chosen), usize>,
    ways: Vec<Vec<Way>>,
    /// Whether there are more ways in some place than were followed.
    are_cut: bool,
}

/// What is known in places that are alike in all that can make a difference.
struct Whereabout {
    known: Context,
    /// The same of a request that names no resource.
    without_resource: Context,
    /// The number of its ways.
    number: usize,
}

impl Whereabouts {
    fn of(
        &mut self,
        telling: &Context,
        contexts: &Contexts,
        inquiry: &Inquiry<'_>,
    ) -> (&Whereabout, &[Way]) {
        if !self.known.contains_key(telling) {
            let known = contexts.known_in(telling);
            let Inquiry { question, actions, evaluations, .. } = inquiry;
            let begun = contexts.begun(&known, actions, evaluations);
            let alike = (begun.clone(), contexts.bearing(telling));
            let number = *self.numbers.entry(alike).or_insert_with(|| {
                let (ways, is_cut) =
                    contexts.ways(begun, &known, actions, evaluations, question.budget);
                self.are_cut |= is_cut;
                self.ways.push(ways);
                self.ways.len() - 1
            });
            let without_resource = contexts.without_resource(&known);
            self.known.insert(telling.clone(), Whereabout { known, without_resource, number });
        }
        let whereabout = &self.known[telling];
        (whereabout, &self.ways[whereabout.number])
    }
}

/// What some resource could meet at most: every Allow, and no Deny that a resource may escape.
fn widest(about: &Evaluation<'_>) -> Applying {
    let mut applying = Applying::all(about.parts.len());
    for (number, part) in about.parts.iter().enumerate() {
        let is_on_everything = part.stands_on.is_none()
            && part.statement.resource.as_ref().is_some_and(|element| {
                !element.is_not && element.patterns.iter().any(|pattern| pattern.as_str() == "*")
            });
        if part.statement.effect == Effect::Deny && !is_on_everything {
            applying.limit(number, Truth::False);
        }
    }
    applying
}

/// The answer as far as it is known.
struct Answer {
    access: Access,
    granting: Vec<Bits>,
    denying: Vec<Bits>,
    best_cover: Level,
    /// The most that a resource can be that was not looked at.
    upper: Level,
    /// What the witness can be, at least and at most.
    witnessed: (Level, Level),
}

impl Answer {
    fn new(evaluations: &[Evaluation<'_>]) -> Self {
        let none: Vec<Bits> =
            evaluations.iter().map(|about| Bits::none(about.parts.len())).collect();
        let access = Access {
            level: Level::Denied,
            at_least: Level::Denied,
            witness: None,
            covers_a_place: false,
            granting: BTreeSet::new(),
            denying: BTreeSet::new(),
            is_bound: false,
            open: Open::default(),
        };
        Self {
            access,
            granting: none.clone(),
            denying: none,
            best_cover: Level::Denied,
            upper: Level::Denied,
            witnessed: (Level::Denied, Level::Denied),
        }
    }

    /// Keeps what is better than all before. A certain witness is better than a possible one.
    fn keep(
        &mut self,
        judged: &Judged,
        resource: &str,
        consent: Consent,
        ways: &[Way],
        place_tells: &Context,
    ) {
        self.access.level = self.access.level.max(judged.level);
        self.access.at_least = self.access.at_least.max(judged.at_least);
        let can_be = (judged.at_least, judged.level);
        let Some(way) = judged.way.filter(|_| can_be > self.witnessed) else {
            return;
        };
        self.witnessed = can_be;
        let is_allowed = judged.at_least == Level::Allowed;
        let mut context = if is_allowed { Vec::new() } else { ways[way].chosen() };
        context
            .extend(place_tells.keys().map(|(key, value)| (key.to_owned(), Some(value.clone()))));
        self.access.witness = Some(Witness { resource: resource.to_owned(), consent, context });
    }

    fn done(mut self, evaluations: &[Evaluation<'_>]) -> Access {
        let cited = |sets: &[Bits]| -> BTreeSet<StatementRef> {
            let numbered = evaluations.iter().zip(sets);
            numbered.flat_map(|(about, set)| set.iter().map(|number| about.cited(number))).collect()
        };
        self.access.granting = cited(&self.granting);
        self.access.denying = cited(&self.denying);
        self.access.level = self.access.level.max(self.upper);
        self.access.is_bound = self.access.level != self.access.at_least;
        if !self.access.is_bound {
            self.access.open = Open::default();
        }
        let is_any = self.access.level > Level::Denied;
        self.access.covers_a_place = is_any && self.best_cover >= self.access.level;
        self.access
    }
}
