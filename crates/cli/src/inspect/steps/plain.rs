let sampler = Curriculum::new(&labels, Uniform)?.seed(7);
