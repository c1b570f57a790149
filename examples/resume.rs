//! Training that may be stopped at any moment, also by a power cut, and then goes on with the same result.
//!
//! `cargo run --release --features tch --example resume -- FOLDER [EPOCHS]`: stop it, and run it again. Weights, Adam's
//! moments and the sampler are one checkpoint, which becomes valid in one atomic step. tch cannot save the moments of
//! its optimisers or the state of torch's generator. So this example has its own Adam, and seeds the generator by the
//! position.

#[path = "common/two_views.rs"]
mod two_views;

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use climd::{CurriculumLoader, CurriculumSampler, Position, PowerLaw, PowerLawScheduler, State};
use tch::nn::VarStore;
use tch::{Device, Tensor};
use two_views::{Net, patients};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Names in a checkpoint: Adam's steps, and the length of the curriculum.
const STEP: &str = "adam.step";
const CURRICULUM: &str = "curriculum.epochs";

/// Adam with its moments as named tensors, so that they can be saved.
struct Adam {
    parameters: Vec<(String, Tensor)>,
    first: Vec<Tensor>,
    second: Vec<Tensor>,
    step: i64,
}

impl Adam {
    fn new(vs: &VarStore) -> Self {
        let mut parameters: Vec<(String, Tensor)> = vs.variables().into_iter().collect();
        parameters.sort_by(|a, b| a.0.cmp(&b.0)); // the store is a hash map
        let zeros = || parameters.iter().map(|(_, parameter)| parameter.zeros_like()).collect();
        let (first, second) = (zeros(), zeros());
        Self { parameters, first, second, step: 0 }
    }

    fn backward_step(&mut self, loss: &Tensor, rate: f64) {
        self.parameters.iter_mut().for_each(|(_, parameter)| parameter.zero_grad());
        loss.backward();
        self.step += 1;
        let (a, b) = (1.0 - 0.9f64.powi(self.step as i32), 1.0 - 0.999f64.powi(self.step as i32));
        let _guard = tch::no_grad_guard(); // unlike `tch::no_grad`, it comes back from a panic
        for (at, (_, parameter)) in self.parameters.iter_mut().enumerate() {
            let gradient = parameter.grad();
            self.first[at] = &self.first[at] * 0.9 + &gradient * 0.1;
            self.second[at] = &self.second[at] * 0.999 + gradient.square() * 0.001;
            *parameter -= (&self.first[at] / a) / ((&self.second[at] / b).sqrt() + 1e-8) * rate;
        }
    }

    /// Weights, moments and step, by name.
    fn tensors(&self) -> Vec<(String, Tensor)> {
        let mut tensors = vec![(STEP.to_owned(), Tensor::from(self.step))];
        for (at, (name, parameter)) in self.parameters.iter().enumerate() {
            tensors.push((name.clone(), parameter.detach()));
            tensors.push((format!("{name}/first"), self.first[at].shallow_clone()));
            tensors.push((format!("{name}/second"), self.second[at].shallow_clone()));
        }
        tensors
    }

    fn restore(&mut self, tensors: &[(String, Tensor)]) -> Result<()> {
        let _guard = tch::no_grad_guard();
        let saved = |name: &str| saved(tensors, name);
        self.step = i64::try_from(saved(STEP)?)?;
        for (at, (name, parameter)) in self.parameters.iter_mut().enumerate() {
            parameter.f_copy_(saved(name)?)?;
            self.first[at] = saved(&format!("{name}/first"))?.copy();
            self.second[at] = saved(&format!("{name}/second"))?.copy();
        }
        Ok(())
    }
}

/// The folder that the file `latest` names, if that file exists.
fn latest(folder: &Path) -> Option<PathBuf> {
    Some(folder.join(fs::read_to_string(folder.join("latest")).ok()?))
}

fn saved<'a>(tensors: &'a [(String, Tensor)], name: &str) -> Result<&'a Tensor> {
    let found = tensors.iter().find(|(other, _)| other == name).map(|(_, tensor)| tensor);
    Ok(found.ok_or_else(|| format!("the checkpoint has no `{name}`"))?)
}

/// Writes a checkpoint into a new folder. It becomes valid when `latest` names it, and that changes in one step.
fn save(folder: &Path, adam: &Adam, curriculum: i64, state: &State) -> Result<()> {
    let Position { epoch, samples } = state.position();
    let (name, older) = (format!("{epoch}-{samples}"), latest(folder));
    let checkpoint = folder.join(&name);
    if checkpoint.exists() {
        fs::remove_dir_all(&checkpoint)?; // it was never finished
    }
    fs::create_dir_all(&checkpoint)?;
    let mut tensors = adam.tensors();
    tensors.push((CURRICULUM.to_owned(), Tensor::from(curriculum)));
    Tensor::save_multi(&tensors, checkpoint.join("tensors.ot"))?;
    File::open(checkpoint.join("tensors.ot"))?.sync_all()?;
    state.save(checkpoint.join("sampler.bin"))?;
    sync(&checkpoint)?;
    let mut file = File::create(folder.join("latest.tmp"))?;
    file.write_all(name.as_bytes())?;
    file.sync_all()?;
    fs::rename(folder.join("latest.tmp"), folder.join("latest"))?; // the atomic step
    sync(folder)?; // before the older checkpoint is gone
    if let Some(older) = older.filter(|older| older.exists()) {
        fs::remove_dir_all(older)?;
    }
    Ok(())
}

/// Writes the names in a folder to the disk. On Unix alone, as other systems do not open folders.
fn sync(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: resume FOLDER [EPOCHS]")?);
    let epochs: usize = arguments.next().map_or(Ok(30), |epochs| epochs.parse())?;
    tch::set_num_threads(1); // with more threads, bits are not reproducible
    let (x, y) = patients(96, 3);
    tch::manual_seed(1);
    let vs = VarStore::new(Device::Cpu);
    let (net, mut adam) = (Net::new(&vs.root()), Adam::new(&vs));
    let loader = CurriculumLoader::new(vec![x], y, 8)?;

    let checkpoint = latest(&folder);
    let tensors = checkpoint.as_ref().map(|folder| Tensor::load_multi(folder.join("tensors.ot"))).transpose()?;
    // as the run began: it goes on if EPOCHS is another number now, and further epochs use every sample
    let curriculum = match &tensors {
        Some(tensors) => i64::try_from(saved(tensors, CURRICULUM)?)?,
        None => epochs as i64 * 2 / 3,
    };
    let schedule = PowerLaw { epochs: curriculum as usize, ..Default::default() };
    let mut sampler = PowerLawScheduler::new(loader.labels(), schedule)?.seed(7);
    let mut start = Position::default();
    if let (Some(checkpoint), Some(tensors)) = (checkpoint, tensors) {
        adam.restore(&tensors)?;
        start = sampler.restore(&State::load(checkpoint.join("sampler.bin"))?)?;
    }
    for epoch in start.epoch..epochs {
        loader.refresh(&mut sampler, epoch, |x| net.forward(&x[0]).views())?;
        let mut at = start.max(Position::from(epoch));
        for batch in loader.epoch(&sampler, at)? {
            tch::manual_seed((at.epoch << 32 | at.samples) as i64); // dropout depends on the position alone
            let out = net.forward(&batch.modalities[0].dropout(0.2, true));
            let heads: Tensor = out.logits.iter().map(|head| head.cross_entropy_for_logits(&batch.labels)).sum();
            adam.backward_step(&(out.fused.cross_entropy_for_logits(&batch.labels) + heads * 0.3), 1e-3);
            println!("epoch {} from sample {}: {:?}", at.epoch, at.samples, Vec::<i64>::try_from(&batch.indices)?);
            at = batch.position;
            save(&folder, &adam, curriculum, &sampler.state(at)?)?; // after every step, as steps are short here
        }
    }
    let bits = |(_, weights): &(String, Tensor)| -> Result<Vec<f32>> { Ok(weights.flatten(0, -1).try_into()?) };
    let weights: Vec<f32> = adam.parameters.iter().map(bits).collect::<Result<Vec<_>>>()?.concat();
    let hash =
        weights.iter().fold(0u64, |hash, weight| (hash ^ u64::from(weight.to_bits())).wrapping_mul(0x100_0000_01B3));
    println!("weights {hash:016x} after {} steps", adam.step);
    Ok(())
}
