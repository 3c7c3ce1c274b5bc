//! `pullwatch demo`: one day of an embedded account, on the journey of the deployed functions.
//! The policies are AWS's own, the events have the shape in which EventBridge delivers them.

mod account;
mod day;
mod events;
mod page;

use std::io::Write;

use ecr_audit::journey::{Arrival, handle, sweep};
use ecr_audit::settings::Settings;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};

use crate::demo::day::{Scene, Told};
use crate::demo::page::Page;
use crate::error::CliError;
use crate::event::Event;
use memory_adapters::World;

/// How long CloudTrail, EventBridge and the queue's batching take together.
const ON_THE_WAY: SignedDuration = SignedDuration::from_secs(48);

/// Lives through the day and prints it.
pub fn run(output: &mut dyn Write) -> Result<u8, CliError> {
    let scenes = day::scenes();
    let dawn = scenes.first().map_or(Timestamp::UNIX_EPOCH, |scene| scene.time);
    let world = World::new(account::at_dawn(), dawn);
    let settings = account::settings();
    let mut page = Page::new(output);
    page.title(&settings)?;
    for scene in &scenes {
        play(&world, &settings, scene, &mut page)?;
    }
    page.closing()?;
    Ok(0)
}

fn play(
    world: &World,
    settings: &Settings,
    scene: &Scene,
    page: &mut Page<'_>,
) -> Result<(), CliError> {
    (scene.change)(&world.account);
    page.happened(scene)?;
    let before = Told::by(world);
    if let Some(event) = &scene.event {
        world.clock.set(scene.time + ON_THE_WAY);
        match Event::read(&event.to_string(), &settings.account) {
            Event::Changes(changes) => {
                let message_id = scene.headline.to_owned();
                let arrival = Arrival { message_id, is_first_receipt: true, changes };
                let handled = block_on(handle(&world.ports(), settings, &[arrival]));
                page.failures(handled.failed.values())?;
            }
            Event::LetGo(reason) | Event::Failed(reason) => page.failures([&reason].into_iter())?,
        }
    } else {
        world.clock.set(scene.time);
        block_on(sweep(&world.ports(), &world.account, settings))?;
    }
    page.answered(world.ports().clock.now(), &Told::by(world).since(&before), scene.shows)
}
