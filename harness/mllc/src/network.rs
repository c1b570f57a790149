//! Early fusion of an image, a history and laboratory values, with a head on each.
//!
//! Image: ResNet18. History: features of a frozen BERT, unchanged. Laboratory: one hidden layer. Then each modality has
//! a linear layer, LayerNorm, ReLU and dropout, which give embeddings of one width. They are concatenated for one
//! linear layer. A modality that a patient lacks has a zero embedding, and its head has no loss for this patient.

use climd_networks::criterion::Criterion;
use climd_networks::network::{BaselineConfig, Dropout, Heads, Outputs, linear};
use tch::nn::{self, FuncT, Module, ModuleT};
use tch::{Kind, Tensor, vision};

use crate::cohort::Modality;

/// Mean and standard deviation of ImageNet by channel, which a pre-trained ResNet expects.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const SD: [f32; 3] = [0.229, 0.224, 0.225];
const IMAGE_WIDTH: i64 = 512;

#[derive(Debug)]
enum Encoder {
    Image(Box<FuncT<'static>>),
    Text,
    Laboratory(nn::Linear),
}

#[derive(Debug)]
struct Branch {
    encoder: Encoder,
    projection: nn::Linear,
    norm: nn::LayerNorm,
    head: nn::Linear,
}

/// The network.
#[derive(Debug)]
pub struct Mllc {
    branches: Vec<Branch>,
    classifier: nn::Linear,
    mode: Heads,
}

impl Mllc {
    /// A network for these modalities and inputs, with new weights drawn from libtorch's generator. The weights of the
    /// image encoder are below `image` of `vs`.
    ///
    /// # Shapes
    /// `x`: by modality, `[n, 3, size, size]` or `[n, width]`; only the widths matter.
    #[must_use]
    pub fn new(
        vs: &nn::Path<'_>,
        modalities: &[Modality],
        x: &[Tensor],
        num_classes: i64,
        config: &BaselineConfig,
    ) -> Self {
        let hidden = config.hidden;
        let branch = |(modality, x): (&Modality, &Tensor)| {
            let (name, width) = (format!("{modality:?}").to_lowercase(), x.size()[1]);
            let path = vs / &name;
            let (encoder, width) = match modality {
                Modality::Image => {
                    (Encoder::Image(Box::new(vision::resnet::resnet18_no_final_layer(&path))), IMAGE_WIDTH)
                }
                Modality::Text => (Encoder::Text, width),
                Modality::Laboratory => (Encoder::Laboratory(linear(&path / "hidden", width, hidden, true)), hidden),
            };
            let fusion = vs / "fusion" / name;
            Branch {
                encoder,
                projection: linear(&fusion / "linear", width, hidden, true),
                norm: nn::layer_norm(&fusion / "norm", vec![hidden], Default::default()),
                head: linear(&fusion / "head", hidden, num_classes, true),
            }
        };
        Self {
            branches: modalities.iter().zip(x).map(branch).collect(),
            classifier: linear(vs / "classifier", hidden * x.len() as i64, num_classes, true),
            mode: config.heads,
        }
    }

    /// The outputs for a batch, with dropout in training and without in evaluation. `aux` holds the mask.
    ///
    /// # Shapes
    /// `x`: by modality, as [`Samples`](crate::Samples) have them, then the mask, `[n, M]` of kind bool.
    pub fn forward(&self, x: &[Tensor], mut dropout: Option<&mut Dropout>) -> Outputs {
        let (x, mask) = x.split_at(self.branches.len());
        let mask = &mask[0];
        let (mut embeddings, mut logits) = (Vec::new(), Vec::new());
        for (at, (branch, x)) in self.branches.iter().zip(x).enumerate() {
            let present = mask.select(1, at as i64);
            let encoded = branch.encode(x, &present, dropout.is_some());
            let mut embedding = branch.norm.forward(&branch.projection.forward(&encoded)).relu();
            if let Some(dropout) = dropout.as_deref_mut() {
                embedding = dropout.apply(&embedding);
            }
            let embedding = embedding * present.unsqueeze(1).to_kind(Kind::Float);
            logits.push(match self.mode {
                Heads::Aux { .. } => branch.head.forward(&embedding),
                Heads::Probe => branch.head.forward(&embedding.detach()),
            });
            embeddings.push(embedding);
        }
        let fused = self.classifier.forward(&Tensor::cat(&embeddings, 1));
        Outputs { fused, logits, embeddings, aux: vec![mask.shallow_clone()] }
    }

    /// The loss of a batch: the criterion on the fused logits, and on each head for the patients who have its
    /// modality.
    ///
    /// # Errors
    /// Those of the criterion.
    pub fn loss(&self, out: &Outputs, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor> {
        let weight = match self.mode {
            Heads::Aux { weight } => weight,
            Heads::Probe => 1.0,
        };
        let mut total = criterion.fused(&out.fused, labels)?;
        for (at, logits) in out.logits.iter().enumerate() {
            let present = out.aux[0].select(1, at as i64).to_kind(Kind::Float);
            let each = criterion.each(logits, labels)? * &present;
            total += each.sum(Kind::Float) / present.sum(Kind::Float).clamp_min(1.0) * weight;
        }
        Ok(total)
    }
}

impl Branch {
    /// `[n, width]`. Rows without the modality may have any value.
    fn encode(&self, x: &Tensor, present: &Tensor, train: bool) -> Tensor {
        match &self.encoder {
            Encoder::Text => x.shallow_clone(),
            Encoder::Laboratory(layer) => layer.forward(x).relu(),
            Encoder::Image(resnet) => {
                // a missing image must not reach the statistics of the batch
                let rows = present.nonzero().view(-1);
                let all = Tensor::zeros([x.size()[0], IMAGE_WIDTH], (Kind::Float, x.device()));
                if rows.numel() == 0 {
                    return all;
                }
                let channels = |values: &[f32]| Tensor::from_slice(values).view([1, 3, 1, 1]).to_device(x.device());
                let images = x.index_select(0, &rows).to_kind(Kind::Float) / 255.0;
                let images = (images - channels(&MEAN)) / channels(&SD);
                all.index_copy(0, &rows, &resnet.forward_t(&images, train))
            }
        }
    }
}
