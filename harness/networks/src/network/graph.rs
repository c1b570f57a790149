//! Graphs of samples, made from the training part without its labels.
//!
//! A graph is built once. Every training sample is a node. A sample of another part is linked to training samples and
//! to itself only. So the output for it does not depend on the other samples that are evaluated with it.

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

/// The most training samples for a dense graph.
const MOST: i64 = 5000;

/// The graph of one modality: edges where the cosine similarity is above one threshold for the whole modality.
#[derive(Debug)]
pub(super) struct Graph {
    x: Tensor, // [n, d]
    cut: f64,
    /// `[n, n]`, rows of absolute sum 1; sparse, as most samples are not neighbours.
    training: Tensor,
}

/// Values at the nodes: training samples, and samples of another part (the query).
#[derive(Debug)]
pub(super) struct Nodes {
    pub(super) train: Tensor,         // [n, k]
    pub(super) query: Option<Tensor>, // [q, k]
}

/// Links of the query samples: to training samples `[q, n]`, and of each to itself `[q, 1]`.
#[derive(Debug)]
pub(super) struct Links {
    train: Tensor,
    own: Tensor,
}

/// The training samples that a batch `[b]` depends on through layers of the graph.
#[derive(Debug)]
pub(super) struct Neighbourhood {
    /// Input nodes of each layer, as numbers in the training part in rising order. The output of the last is the batch.
    pub(super) nodes: Vec<Tensor>,
    /// Links of each layer: output nodes by input nodes.
    links: Vec<Tensor>,
    /// `[b]`: positions of the batch among the input nodes of the first layer.
    pub(super) batch: Tensor,
}

impl Graph {
    /// The graph of training inputs `[n, d]`. A sample has `neighbours` neighbours on average, itself included.
    pub(super) fn new(x: &Tensor, neighbours: i64) -> Result<Self> {
        let n = x.size()[0];
        ensure!(n <= MOST, "a graph of {n} training samples: at most {MOST} are supported; train on fewer");
        let similarity = cosine(x, x);
        let (sorted, _) = similarity.view(-1).sort(0, true);
        let cut = sorted.double_value(&[(neighbours * n).min(n * n - 1)]);
        let edges = above(&similarity, cut);
        let diagonal = Tensor::eye(n, (Kind::Float, x.device()));
        // the diagonal is 1, also for an empty row, whose similarity to itself is 0
        let weights = edges * (1.0 - &diagonal) + diagonal;
        let training = (&weights / norm(&weights)).f_to_sparse(None, None::<&[i64]>, 0)?.f_coalesce()?;
        Ok(Self { x: x.shallow_clone(), cut, training })
    }

    /// Links of inputs `[q, d]`.
    pub(super) fn links(&self, query: &Tensor) -> Links {
        let edges = above(&cosine(query, &self.x), self.cut);
        let ones = Tensor::ones([query.size()[0], 1], (Kind::Float, query.device()));
        let norm = norm(&Tensor::cat(&[&edges, &ones], 1));
        Links { train: edges / &norm, own: ones / norm }
    }

    /// MOGONET's graph in evaluation, `[n + q, n + q]`: training samples, then queries `[q, d]`. It has links between a
    /// training sample and a query, and of each sample to itself.
    pub(super) fn transductive(&self, query: &Tensor) -> Tensor {
        let (n, q) = (self.x.size()[0], query.size()[0]);
        let edges = above(&cosine(query, &self.x), self.cut); // [q, n]
        let zeros = |size: i64| Tensor::zeros([size, size], (Kind::Float, query.device()));
        let above = Tensor::cat(&[zeros(n), edges.transpose(0, 1)], 1);
        let below = Tensor::cat(&[edges, zeros(q)], 1);
        let weights = Tensor::cat(&[above, below], 0) + Tensor::eye(n + q, (Kind::Float, query.device()));
        let norm = norm(&weights);
        weights / norm
    }

    /// The neighbourhood of the training samples `rows`, `[b]`, through `layers` layers. `rows` may repeat samples.
    pub(super) fn around(&self, rows: &Tensor, layers: usize) -> Neighbourhood {
        let (mut nodes, mut links) = (Vec::new(), Vec::new());
        let (mut given, mut batch) = (rows.shallow_clone(), rows.shallow_clone());
        for _ in 0..layers {
            let weights = self.training.index_select(0, &given).to_dense(None::<Kind>, false);
            let reached = weights.ne(0.0).any_dim(0, false);
            given = reached.nonzero().view(-1);
            links.push(weights.index_select(1, &given));
            nodes.push(given.shallow_clone());
            batch = (reached.cumsum(0, Kind::Int64) - 1).index_select(0, rows);
        }
        nodes.reverse();
        links.reverse();
        Neighbourhood { nodes, links, batch }
    }

    /// `A X` of the training inputs.
    pub(super) fn mixed(&self) -> Tensor {
        self.training.mm(&self.x)
    }

    /// Every node's mean of its neighbours: `A H`.
    pub(super) fn mix(&self, nodes: &Nodes, links: Option<&Links>) -> Nodes {
        let query = nodes.query.as_ref().zip(links);
        Nodes {
            train: self.training.mm(&nodes.train),
            query: query.map(|(query, links)| links.train.matmul(&nodes.train) + query * &links.own),
        }
    }
}

impl Neighbourhood {
    /// `A H` for the output nodes of a layer.
    pub(super) fn mix(&self, layer: usize, h: &Tensor) -> Tensor {
        self.links[layer].matmul(h)
    }
}

impl Nodes {
    /// Applies the same function to all nodes.
    pub(super) fn map(&self, mut f: impl FnMut(&Tensor) -> Tensor) -> Nodes {
        Nodes { train: f(&self.train), query: self.query.as_ref().map(f) }
    }

    /// The values of the asked samples: the query if there is one, else the training samples `rows`, or all of them.
    pub(super) fn asked(&self, rows: Option<&Tensor>) -> Tensor {
        match (&self.query, rows) {
            (Some(query), _) => query.shallow_clone(),
            (None, Some(rows)) => self.train.index_select(0, rows),
            (None, None) => self.train.shallow_clone(),
        }
    }
}

/// Cosines of all rows of `[a, d]` and `[b, d]`: `[a, b]`. An empty row has cosine 0.
pub(super) fn cosine(a: &Tensor, b: &Tensor) -> Tensor {
    let length = |x: &Tensor| x.square().sum_dim_intlist([-1i64].as_slice(), true, Kind::Float).sqrt();
    let lengths = length(a).matmul(&length(b).transpose(0, 1));
    a.matmul(&b.transpose(0, 1)) / lengths.clamp_min(1e-8)
}

/// Values at or above the cut, 0 elsewhere.
fn above(similarity: &Tensor, cut: f64) -> Tensor {
    similarity * similarity.ge(cut).to_kind(Kind::Float)
}

fn norm(weights: &Tensor) -> Tensor {
    weights.abs().sum_dim_intlist([-1i64].as_slice(), true, Kind::Float).clamp_min(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &Tensor, expected: &[f32]) {
        let difference = (found.view(-1) - Tensor::from_slice(expected)).abs().max();
        assert!(f64::try_from(difference).unwrap() < 3e-4, "{found} {expected:?}");
    }

    /// Reference: by hand. Similarities 0.894, 0.8 and, beyond the cut of 0.8, 0.447 and 0.
    #[test]
    fn a_graph_of_four_is_the_one_made_by_hand() {
        let x = Tensor::from_slice2(&[[1.0f32, 0.0], [1.0, 0.5], [0.5, 1.0], [0.0, 1.0]]);
        let graph = Graph::new(&x, 2).unwrap();
        near(
            &graph.training.to_dense(None::<Kind>, false).narrow(0, 0, 2),
            &[0.5279, 0.4721, 0.0, 0.0, 0.3320, 0.3711, 0.2969, 0.0],
        );
        let links = graph.links(&Tensor::from_slice2(&[[1.0f32, 0.2]]));
        near(&Tensor::cat(&[links.train, links.own], 1), &[0.3329, 0.3276, 0.0, 0.0, 0.3395]);
    }

    /// Reference: by hand, without links between training samples.
    #[test]
    fn a_transductive_graph_links_the_two_parts_alone() {
        let x = Tensor::from_slice2(&[[1.0f32, 0.0], [1.0, 0.5], [0.5, 1.0], [0.0, 1.0]]);
        let graph = Graph::new(&x, 2).unwrap().transductive(&Tensor::from_slice2(&[[1.0f32, 0.2]]));
        near(&graph.narrow(0, 4, 1), &[0.3329, 0.3276, 0.0, 0.0, 0.3395]);
        near(&graph.narrow(0, 0, 1), &[0.5049, 0.0, 0.0, 0.0, 0.4951]);
    }

    #[test]
    fn mixing_is_the_weighted_mean_of_the_neighbours() {
        let x = Tensor::from_slice2(&[[1.0f32, 0.0], [1.0, 0.5], [0.5, 1.0], [0.0, 1.0]]);
        let graph = Graph::new(&x, 2).unwrap();
        let links = graph.links(&Tensor::from_slice2(&[[1.0f32, 0.2]]));
        let values = Tensor::from_slice2(&[[1.0f32], [2.0], [3.0], [4.0]]);
        let nodes = Nodes { train: values, query: Some(Tensor::from_slice2(&[[10.0f32]])) };
        let mixed = graph.mix(&nodes, Some(&links));
        near(&mixed.train.narrow(0, 0, 1), &[0.5279 + 2.0 * 0.4721]);
        near(&mixed.query.unwrap(), &[0.3329 + 2.0 * 0.3276 + 10.0 * 0.3395]);
    }

    #[test]
    fn a_neighbourhood_gives_what_all_samples_give() {
        let x = Tensor::from_slice2(&[[1.0f32, 0.0], [1.0, 0.5], [0.5, 1.0], [0.0, 1.0]]);
        let graph = Graph::new(&x, 2).unwrap();
        let mix = |h: &Tensor| graph.mix(&Nodes { train: h.shallow_clone(), query: None }, None).train;
        let rows = Tensor::from_slice(&[3i64, 0, 3]);
        let (one, two) = (graph.around(&rows, 1), graph.around(&rows.narrow(0, 1, 1), 2));
        let numbers = |nodes: &Tensor| -> Vec<i64> { nodes.try_into().unwrap() };
        assert_eq!((numbers(&one.nodes[0]), numbers(&one.batch)), (vec![0, 1, 2, 3], vec![3, 0, 3]));
        assert_eq!((numbers(&two.nodes[0]), numbers(&two.nodes[1])), (vec![0, 1, 2], vec![0, 1]));
        let found = one.mix(0, &x.index_select(0, &one.nodes[0]));
        assert!(found.allclose(&mix(&x).index_select(0, &rows), 1e-6, 1e-6, false));
        let found = two.mix(1, &two.mix(0, &x.index_select(0, &two.nodes[0])));
        assert!(found.allclose(&mix(&mix(&x)).narrow(0, 0, 1), 1e-6, 1e-6, false));
    }

    #[test]
    fn an_empty_row_keeps_itself_alone_or_gets_no_weight() {
        let x = Tensor::from_slice2(&[[1.0f32, 0.0], [0.0, 0.0], [1.0, 0.1]]);
        let graph = Graph::new(&x, 1).unwrap();
        near(&graph.training.to_dense(None::<Kind>, false).narrow(0, 1, 1), &[0.0, 1.0, 0.0]);
        assert!(Graph::new(&Tensor::zeros([5001, 1], tch::kind::FLOAT_CPU), 1).is_err());
    }
}
