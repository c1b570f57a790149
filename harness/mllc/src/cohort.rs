//! All patients of a folder, and parts of them as tensors for training and testing.
//!
//! The cohort is plain memory, as runs on several threads can share it, but cannot share tensors.

use std::collections::HashMap;

use climd::{CurriculumLoader, LastBatch};
use climd_data::Split;
use tch::{Device, Tensor};
use xxhash_rust::xxh3::Xxh3;

use crate::manifest::Manifest;
use crate::table::Scale;
use crate::text::Features;

/// A kind of data that a folder has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modality {
    /// Images.
    Image,
    /// Histories.
    Text,
    /// Laboratory values.
    Laboratory,
}

/// All patients of a folder.
#[derive(Debug)]
pub struct Cohort {
    /// Names of the classes, by number.
    pub classes: Vec<String>,
    /// The class of each patient.
    pub labels: Vec<usize>,
    /// Number of the group of each row, from 0 in the order of the rows. A row without a group is its own group.
    pub groups: Vec<usize>,
    /// Modalities of the folder, in order. A patient may lack some of them.
    pub modalities: Vec<Modality>,
    /// `[N][M]`: which patient has which modality.
    pub present: Vec<Vec<bool>>,
    /// Width and height of the images; none if no patient has one.
    pub image_size: Option<u32>,
    /// Digest of the model that made the features of the histories; none if there are no histories.
    pub text_model: Option<String>,
    images: Vec<Option<Vec<u8>>>,     // [3, size, size]
    histories: Vec<String>,           // those that have features
    texts: Option<(Vec<f32>, usize)>, // [N, width], width
    laboratory: Vec<Vec<Option<f32>>>,
}

/// Some of the patients as tensors for a network.
#[derive(Debug)]
pub struct Samples {
    /// By modality: images `[n, 3, size, size]` of kind Uint8, features of texts `[n, width]`, of laboratory values
    /// `[n, 2 L]`.
    pub x: Vec<Tensor>,
    /// Which patient has which modality, `[n, M]` of kind bool.
    pub present: Tensor,
    /// `[n]`.
    pub labels: Vec<usize>,
}

impl Cohort {
    /// The patients of a manifest, with the features of their texts if there are texts.
    #[must_use]
    pub fn new(manifest: &Manifest, texts: Option<&Features>) -> Cohort {
        let patients = &manifest.patients;
        let has_laboratory = patients.iter().any(|patient| patient.laboratory.iter().any(Option::is_some));
        let all = [
            (Modality::Image, manifest.image_size.is_some()),
            (Modality::Text, texts.is_some()),
            (Modality::Laboratory, has_laboratory),
        ];
        let modalities: Vec<Modality> = all.into_iter().filter(|&(_, has)| has).map(|(modality, _)| modality).collect();
        let has = |patient: &crate::Patient, modality: &Modality| match modality {
            Modality::Image => patient.image.is_some(),
            Modality::Text => true,
            Modality::Laboratory => patient.laboratory.iter().any(Option::is_some),
        };
        let present = |patient| modalities.iter().map(|modality| has(patient, modality)).collect();
        let mut numbers = HashMap::new();
        let mut number = |group| {
            let next = numbers.len();
            *numbers.entry(group).or_insert(next)
        };
        Cohort {
            groups: patients.iter().map(|patient| number(&patient.group)).collect(),
            classes: manifest.classes.clone(),
            labels: patients.iter().map(|patient| patient.label).collect(),
            present: patients.iter().map(present).collect(),
            images: patients.iter().map(|patient| patient.image.clone()).collect(),
            image_size: manifest.image_size,
            text_model: texts.map(|texts| texts.model.clone()),
            histories: texts.iter().flat_map(|_| patients).map(|patient| patient.text.clone()).collect(),
            texts: texts.map(|texts| (texts.values.clone(), texts.width)),
            laboratory: patients.iter().map(|patient| patient.laboratory.clone()).collect(),
            modalities,
        }
    }

    /// Both parts of a split. Laboratory values are imputed and standardised with the training part alone.
    ///
    /// # Errors
    /// Those of libtorch.
    pub fn parts(&self, split: &Split) -> climd::Result<[Samples; 2]> {
        let scale = Scale::fit(split.train.iter().map(|&row| &self.laboratory[row][..]));
        Ok([self.samples(&split.train, &scale)?, self.samples(&split.test, &scale)?])
    }

    fn samples(&self, rows: &[usize], scale: &Scale) -> climd::Result<Samples> {
        let n = rows.len() as i64;
        let modality = |modality: &Modality| match modality {
            Modality::Image => self.images(rows),
            Modality::Text => self.texts(rows),
            Modality::Laboratory => {
                let values: Vec<f32> = rows.iter().flat_map(|&row| scale.apply(&self.laboratory[row])).collect();
                Ok(Tensor::f_from_slice(&values)?.f_view([n, -1])?)
            }
        };
        let x = self.modalities.iter().map(modality).collect::<climd::Result<_>>()?;
        let present: Vec<bool> = rows.iter().flat_map(|&row| self.present[row].clone()).collect();
        let present = Tensor::f_from_slice(&present)?.f_view([n, self.modalities.len() as i64])?;
        Ok(Samples { x, present, labels: rows.iter().map(|&row| self.labels[row]).collect() })
    }

    fn images(&self, rows: &[usize]) -> climd::Result<Tensor> {
        let size = self.image_size.unwrap_or_default();
        let missing = vec![0; 3 * size as usize * size as usize];
        let pixels = rows.iter().flat_map(|&row| self.images[row].as_ref().unwrap_or(&missing));
        let pixels: Vec<u8> = pixels.copied().collect();
        Ok(Tensor::f_from_slice(&pixels)?.f_view([rows.len() as i64, 3, i64::from(size), i64::from(size)])?)
    }

    fn texts(&self, rows: &[usize]) -> climd::Result<Tensor> {
        let (values, width) = self.texts.as_ref().map_or((&[][..], 0), |(values, width)| (&values[..], *width));
        let picked: Vec<f32> = rows.iter().flat_map(|&row| &values[row * width..][..width]).copied().collect();
        Ok(Tensor::f_from_slice(&picked)?.f_view([rows.len() as i64, width as i64])?)
    }

    /// Fingerprint that changes with every label, pixel, text and value. It is the same on every machine: that of
    /// features is not, as their last bits depend on its instructions.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Xxh3::new();
        hash.update(format!("{:?} {:?} {:?}", self.classes, self.labels, self.laboratory).as_bytes());
        if self.groups.iter().enumerate().any(|(row, &group)| row != group) {
            hash.update(format!("{:?}", self.groups).as_bytes()); // they decide on the folds
        }
        for image in &self.images {
            hash.update(&[u8::from(image.is_some())]);
            hash.update(image.as_deref().unwrap_or_default());
        }
        for history in &self.histories {
            hash.update(&(history.len() as u64).to_le_bytes());
            hash.update(history.as_bytes());
        }
        format!("{:016x}", hash.digest())
    }
}

impl Samples {
    /// A loader of these samples, which measures with their mask. The last tensor of a batch is the mask.
    ///
    /// # Errors
    /// Those of [`CurriculumLoader`].
    pub fn loader(&self, batch_size: usize, device: Device) -> climd::Result<CurriculumLoader> {
        let labels: Vec<i64> = self.labels.iter().map(|&label| label as i64).collect();
        let labels = Tensor::f_from_slice(&labels)?;
        let tensors = self.x.iter().chain([&self.present]).map(Tensor::shallow_clone).collect();
        // a single last sample is a batch, as in the steps that `Study` counts
        let loader = CurriculumLoader::new(tensors, labels, batch_size)?.last_batch(LastBatch::Keep);
        loader.present(&self.present)?.device(device)
    }
}
