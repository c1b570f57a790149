//! Promise: everything that holds on the CPU holds on CUDA. The same functions as in `tensors.rs`, `loader.rs` and
//! `loss.rs` run on the first CUDA device. Without such a device each test says so and passes.
#![cfg(feature = "tch")]

mod common;

use climd::error::{LabelError, TensorError};
use climd::*;
use common::tensors::{loader, loss, measurer, observing};
use tch::{Device, Kind, Tensor};

/// The first CUDA device.
fn device() -> Option<Device> {
    if tch::Cuda::is_available() {
        return Some(Device::Cuda(0));
    }
    println!("skipped: no CUDA device");
    None
}

macro_rules! on_cuda {
    ($($concept:ident: $($name:ident)*;)*) => {
        $($(#[test]
        fn $name() {
            if let Some(device) = device() {
                $concept::$name(device);
            }
        })*)*
    };
}

on_cuda! {
    measurer:
        scores_and_parts_agree_with_slices
        the_batch_size_does_not_matter
        the_layout_of_a_tensor_does_not_matter
        no_graph_is_kept
        what_is_not_finite_is_named
        a_sample_measured_twice_counts_as_measured_last
        indices_that_name_no_sample_or_one_twice_are_errors_until_reset
        what_is_missing_is_counted_and_the_rest_is_kept
        extreme_values_have_finite_scores;
    loader:
        batches_carry_the_rows_of_the_samplers_epoch
        refresh_measures_when_wanted_whatever_the_batch_size;
    loss:
        the_loss_is_its_formula;
    observing:
        a_loop_that_observes_goes_on_from_any_batch
        no_graph_of_a_step_is_kept
        what_cannot_be_observed_is_named
        a_sample_that_comes_again_has_its_last_outputs
        a_value_that_is_not_finite_is_named_once
        the_measurer_gives_what_was_observed
        nothing_is_observed_after_the_curriculum;
}

#[test]
fn steps_that_see_every_sample_are_a_full_measurement() {
    if let Some(device) = device() {
        observing::steps_that_see_every_sample_are_a_full_measurement(device, false);
    }
}

#[test]
fn data_may_stay_on_the_host_while_batches_go_to_the_device() {
    let Some(device) = device() else { return };
    let data = loader::loader(&[19, 7, 3], 4, Device::Cpu).device(device).unwrap();
    let sampler = loader::sampler(&data);
    let all = loader::data(29, Device::Cpu);
    for batch in data.epoch(&sampler, 2).unwrap() {
        let on_host = batch.indices.to_device(Device::Cpu);
        assert_eq!((batch.labels.device(), batch.indices.device()), (device, device));
        for (rows, all) in batch.modalities.iter().zip(&all) {
            assert_eq!(rows.device(), device);
            assert_eq!(rows.to_device(Device::Cpu), all.index_select(0, &on_host));
        }
    }
}

#[test]
fn tensors_on_two_devices_are_named() {
    let Some(device) = device() else { return };
    let zeros = |device: Device| Tensor::zeros([2, 2], (Kind::Float, device));
    let mut measurer = MultimodalMeasurer::new(&[0, 1]).unwrap();
    let indices = Tensor::from_slice(&[0i64, 1]);
    let mixed = [zeros(device), zeros(Device::Cpu)];
    let error = measurer.observe(&indices, &mixed, &[zeros(device), zeros(device)]).unwrap_err();
    assert_eq!(error.to_string(), "`logits[1]` is on Cpu, but the others are on Cuda(0): move it with `to_device`");
    let all = [zeros(device), zeros(device)];
    measurer.observe(&indices, &all, &all).unwrap();
    let host = [zeros(Device::Cpu), zeros(Device::Cpu)];
    assert!(matches!(measurer.observe(&indices, &host, &host), Err(Error::Tensor(TensorError::Device { .. }))));
    assert!(measurer.finish().is_ok(), "and what was taken is still there");
}

#[test]
fn a_label_that_is_no_column_does_not_kill_the_context() {
    let Some(device) = device() else { return };
    let rows = [Tensor::zeros([2, 2], (Kind::Float, device))];
    let error = MultimodalMeasurer::new(&[0, 5]).unwrap().measure(&rows, &rows).unwrap_err();
    assert!(matches!(error, Error::Label(LabelError::LabelOutsideLogits { index: 1, label: 5, num_classes: 2 })));
    assert_eq!(MultimodalMeasurer::new(&[0, 1]).unwrap().measure(&rows, &rows).unwrap().len(), 2);
}
