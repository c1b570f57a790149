let loader = CurriculumLoader::new(modalities, labels, 32)?;
let mut sampler = Curriculum::new(loader.labels(), schedule)?.seed(7);
for epoch in 0..epochs {
    loader.refresh(&mut sampler, epoch, |x| net.views(x))?; // logits and embeddings of each modality
    let list = sampler.epoch(epoch)?;
    let prior = list.log_prior(num_classes)?;
    for batch in loader.batches(list)? {
        adam.backward_step(&loss_of(&net.forward(&batch.modalities), &batch.labels, &prior)?);
    }
}
