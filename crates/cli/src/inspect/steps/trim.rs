let sampler = Curriculum::new(&labels, Trim { drop: 0.1, ..Default::default() })?.seed(7);
