//! First weights. The defaults of tch are neither PyTorch's nor the papers'.

use std::sync::{Mutex, PoisonError};

use tch::nn::{self, Init};

/// A linear layer with Xavier-normal weights and, if it has a bias, a bias of 0.
#[must_use]
pub fn linear(vs: nn::Path<'_>, inputs: i64, outputs: i64, bias: bool) -> nn::Linear {
    let stdev = (2.0 / (inputs + outputs) as f64).sqrt();
    let ws_init = Init::Randn { mean: 0.0, stdev };
    nn::linear(vs, inputs, outputs, nn::LinearConfig { ws_init, bs_init: Some(Init::Const(0.0)), bias })
}

/// A linear layer as PyTorch makes it: weight and bias uniform in `±1 / sqrt(inputs)`.
#[must_use]
pub fn linear_uniform(vs: nn::Path<'_>, inputs: i64, outputs: i64) -> nn::Linear {
    let bound = 1.0 / (inputs as f64).sqrt();
    let uniform = Init::Uniform { lo: -bound, up: bound };
    nn::linear(vs, inputs, outputs, nn::LinearConfig { ws_init: uniform, bs_init: Some(uniform), bias: true })
}

/// Seeds libtorch's only generator and calls `draw`. Nothing else in this program draws from it meanwhile.
pub fn with_seed<T>(seed: u64, draw: impl FnOnce() -> T) -> T {
    static GENERATOR: Mutex<()> = Mutex::new(());
    let _guard = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed as i64);
    draw()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Tensor;

    #[test]
    fn draws_on_several_threads_do_not_mix() {
        let draw = |seed| with_seed(seed, || [0; 8].map(|_| Tensor::rand([20_000], tch::kind::FLOAT_CPU)));
        let alone = draw(1);
        std::thread::scope(|scope| {
            let same = || (0..20).all(|_| draw(1) == alone.each_ref().map(Tensor::shallow_clone));
            let others = scope.spawn(|| (0..20).for_each(|seed| drop(draw(seed))));
            assert!(same());
            others.join().unwrap();
        });
    }
}
