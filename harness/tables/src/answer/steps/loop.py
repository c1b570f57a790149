sampler = CurriculumSampler(labels, schedule, seed=7)
measurer = Measurer(labels)
loader = DataLoader(data, 32, sampler=sampler)
steps = epochs * -(-len(labels) // 32)  # as many as plain training takes: epochs of a curriculum are shorter
epoch = done = 0
while done < steps:
    sampler.set_epoch(epoch)
    if sampler.wants_scores:  # logits and embeddings of each modality
        sampler.update(measurer.run(net, every_sample, lambda net, batch: net.views(batch[0])))
    prior = sampler.log_prior(num_classes)
    for x, y in loader:
        step(loss_of(net(x), y, prior))
        done += 1
        if done == steps:
            break
    epoch += 1
