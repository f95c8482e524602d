#include "hyperspectral/tissue_training.h"

#ifdef SENSORIUM_HAS_LEARN

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace sensorium::hyper {

void describe(ParameterVisitor& v, TissueTraining& p) {
  v.integer("patients", p.patients,
            {.help = "Phantom patients to train on.", .min = 2, .max = 9999});
  v.integer("validation_patients", p.validation_patients,
            {.help = "Phantom patients that choose the weights.", .min = 1, .max = 9999});
  v.integer("test_patients", p.test_patients,
            {.help = "Phantom patients never seen, for the card.", .min = 1, .max = 9999});
  v.integer("channels", p.channels,
            {.help = "Channels that the bands are brought to.", .min = 1, .max = 64});
  v.text("widths", p.widths, {.help = "Channels of each level of the U-Net, with commas."});
  v.integer("steps", p.steps, {.help = "Training steps.", .min = 1, .max = 1000000});
  v.integer("batch_size", p.batch_size, {.help = "Pictures a step.", .min = 1, .max = 256});
  v.number("learning_rate", p.learning_rate, {.help = "Greatest rate.", .min = 1e-7, .max = 1});
  v.integer("seed", p.seed, {.help = "Of weights, order and views.", .min = 0});
  v.integer("threads", p.threads, {.help = "Of training; 0: all.", .min = 0, .max = 256});
}

TrainingOptions training_options(const TissueTraining& p) {
  TrainingOptions t;
  t.loss = "cross_entropy+dice";
  t.learning_rate = p.learning_rate;
  t.batch_size = p.batch_size;
  t.steps = p.steps;
  t.validate_every = t.checkpoint_every = std::max(1, std::min(p.steps, 200));
  t.keep_checkpoints = 1;
  t.seed = p.seed;
  t.threads = p.threads;
  return t;
}

ModelCard tissue_card(const TissueTraining& p, const std::string& pipeline,
                      const std::vector<std::string>& classes, const Likeness& like,
                      const std::string& more) {
  const std::vector<double> nm = tissue_wavelengths();
  ModelCard card;
  card.input =
      fmt::format("[batch, {}, height, width] reflectance at 450, 460 ... 900 nm", nm.size());
  card.normalisation = "inside the graph: each spectrum minus its mean, over its deviation";
  card.output = fmt::format("[batch, {}, height, width] logits: {}", classes.size(),
                            fmt::join(classes, ", "));
  card.data = "phantoms of this program alone; no patient, no real tissue";
  card.data_licence = "GPL-3.0-or-later (generated)";
  card.split = {{"group", "phantom patient"},
                {"training", p.patients},
                {"validation", p.validation_patients},
                {"test", p.test_patients}};
  card.seed = p.seed;
  card.intended_use = "demonstration and research; not for clinical use";
  card.command = fmt::format(
      "sensorium train {} -o DIR --patients {} --validation_patients {} --test_patients {} "
      "--steps {} --channels {} --widths {} --batch_size {} --learning_rate {} --seed {} "
      "--threads {}{}",
      pipeline, p.patients, p.validation_patients, p.test_patients, p.steps, p.channels, p.widths,
      p.batch_size, p.learning_rate, p.seed, p.threads, more);
  card.further["tissue"] = to_json(TissueModelFacts{nm, classes, like});
  return card;
}

}

#endif
