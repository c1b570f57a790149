//! Promise: a loader scores the samples of training steps from the outputs that are there, on any device, without
//! another forward pass, and its states carry what was observed so far.
#![cfg(feature = "tch")]

mod common;

use common::tensors::observing as check;
use tch::Device;

const CPU: Device = Device::Cpu;

#[test]
fn steps_that_see_every_sample_are_a_full_measurement_to_the_bit() {
    check::steps_that_see_every_sample_are_a_full_measurement(CPU, true);
}

#[test]
fn a_loop_that_observes_goes_on_from_any_batch_as_if_it_was_not_cut() {
    check::a_loop_that_observes_goes_on_from_any_batch(CPU);
}

#[test]
fn no_graph_of_a_step_is_kept() {
    check::no_graph_of_a_step_is_kept(CPU);
}

#[test]
fn what_cannot_be_observed_is_named() {
    check::what_cannot_be_observed_is_named(CPU);
}

#[test]
fn a_sample_that_comes_again_in_a_batch_has_its_last_outputs() {
    check::a_sample_that_comes_again_has_its_last_outputs(CPU);
}

#[test]
fn a_value_that_is_not_finite_is_named_and_the_loop_can_go_on() {
    check::a_value_that_is_not_finite_is_named_once(CPU);
}

#[test]
fn the_measurer_gives_what_was_observed() {
    check::the_measurer_gives_what_was_observed(CPU);
}

#[test]
fn ranks_with_loaders_make_the_lists_of_one_process() {
    check::ranks_that_observe_make_the_lists_of_one(CPU);
}

#[test]
fn nothing_is_observed_when_no_later_epoch_needs_it() {
    check::nothing_is_observed_after_the_curriculum(CPU);
}
