let loader = CurriculumLoader::new(modalities, labels, 32)?;
let mut sampler = Curriculum::new(loader.labels(), schedule)?.seed(7);
let steps = epochs * loader.len().div_ceil(32); // as many as plain training takes: epochs of a curriculum are shorter
let (mut epoch, mut done) = (0, 0);
while done < steps {
    loader.refresh(&mut sampler, epoch, |x| net.views(x))?; // logits and embeddings of each modality
    let list = sampler.epoch(epoch)?;
    let prior = list.log_prior(num_classes)?;
    for batch in loader.batches(list)?.take(steps - done) {
        adam.backward_step(&loss_of(&net.forward(&batch.modalities), &batch.labels, &prior)?);
        done += 1;
    }
    epoch += 1;
}
