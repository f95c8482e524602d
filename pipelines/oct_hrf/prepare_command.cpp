#include "pipelines/oct_hrf/prepare_command.h"

#include "modules/core/error.h"

#ifdef SENSORIUM_HAS_LEARN
#include "modules/core/parallel.h"
#include "pipelines/oct_hrf/only.h"
#include "pipelines/oct_hrf/prepared_set.h"
#include "pipelines/oct_hrf/reviewed_source.h"
#include "pipelines/oct_hrf/sample_source.h"
#include "pipelines/oct_hrf/training_about.h"

#include <fmt/format.h>

#include <algorithm>
#endif

namespace sensorium::oct_hrf {

#ifndef SENSORIUM_HAS_LEARN

PipelineCommand prepare_command() {
  return command_without_networks("prepare", "Write a training set that is read while training");
}

#else

namespace {

struct PrepareParameters {
  SampleOptions samples{.seeds = 160};
  int validation_seeds = 8;
  std::string dataset;
  bool phantoms = false;
  int shards = 32;
};

void describe(ParameterVisitor& v, PrepareParameters& p) {
  Only made(v, {"first_seed", "seeds", "sample_scans", "input"});
  describe(made, p.samples);
  v.integer("validation_seeds", p.validation_seeds,
            {.help = "Phantom seeds for validation, from 10000 on.", .min = 1, .max = 500});
  v.text("dataset", p.dataset,
         {.help = "Folder of 'dataset from-reviews': its recordings instead of phantoms."});
  v.flag("phantoms", p.phantoms, {.help = "With a dataset: the phantom seeds as well."});
  v.integer("shards", p.shards,
            {.help = "Files that the B-scans of each part are spread over.", .min = 1, .max = 128});
}

void add(ShardWriter& writer, const std::string& part, const std::vector<TrainingBscan>& bscans) {
  for (const TrainingBscan& b : bscans) writer.add(part, b.group, record_of(b));
}

// A few phantoms at a time, in the order of their seeds: memory is bounded, the files do not depend
// on the number of threads.
void add_phantoms(ShardWriter& writer, const std::string& part, const SampleOptions& options,
                  const Context& context) {
  const int threads = context.thread_count();
  for (int from = 0; from < options.seeds; from += threads) {
    context.step(static_cast<double>(from) / options.seeds, "phantoms for training");
    const int count = std::min(threads, options.seeds - from);
    std::vector<std::vector<TrainingBscan>> made(static_cast<std::size_t>(count));
    parallel_for(count, threads, [&](int i) {
      PhantomOptions one;
      one.seed = options.first_seed + from + i;
      one.scans = options.scans;
      made[static_cast<std::size_t>(i)] = phantom_bscans(one, options);
    });
    for (const auto& bscans : made) add(writer, part, bscans);
  }
}

// Recordings of a part.
std::size_t add_reviewed(ShardWriter& writer, const TrainingSet& set, const std::string& part,
                         const SampleOptions& options, const Context& context) {
  std::size_t recordings = 0;
  for (std::size_t i = 0; i < set.items.size(); ++i) {
    context.step(static_cast<double>(i) / static_cast<double>(set.items.size()),
                 "reading reviewed recordings");
    if (set.items[i].part != part) continue;
    add(writer, part, reviewed_bscans(set, set.items[i], options, context.thread_count()));
    ++recordings;
  }
  if (recordings == 0)
    throw Error(ErrorCode::Usage, fmt::format("the set has no recording in its part '{}'", part),
                "make the set with three parts: 'sensorium dataset from-reviews --fractions "
                "0.7,0.15,0.15'");
  return recordings;
}

nlohmann::json run(const std::vector<std::string>&, const nlohmann::json& json,
                   const std::filesystem::path& output, const Context& context) {
  const auto p = parameters_from<PrepareParameters>(json);
  ShardWriter writer(output, "oct_hrf", p.shards);
  nlohmann::json card;
  if (p.dataset.empty()) {
    check_seeds(p.samples);
    add_phantoms(writer, "training", p.samples, context.part(0, 0.9));
    add_phantoms(writer, "validation", held_out(p.samples, p.validation_seeds),
                 context.part(0.9, 1));
    card = about_phantoms(p.samples, p.validation_seeds);
  } else {
    const TrainingSet set = read_training_set(p.dataset);
    check_pipeline(set);
    if (p.phantoms) check_seeds(p.samples);
    const std::size_t validation =
        add_reviewed(writer, set, "validation", p.samples, context.part(0, 0.2));
    const std::size_t training =
        add_reviewed(writer, set, "training", p.samples, context.part(0.2, 0.6));
    if (p.phantoms) add_phantoms(writer, "training", p.samples, context.part(0.6, 1));
    card = about_reviewed(training, validation, p.phantoms, set.index_sha256);
  }
  writer.finish({{"input", p.samples.input}, {"card", card}});
  const std::size_t training = writer.records("training"),
                    validation = writer.records("validation");
  return {{"training", training},
          {"validation", validation},
          {"bytes", writer.bytes()},
          {"text", fmt::format("{} B-scans for training and {} for validation, {} MB; sensorium "
                               "train oct_hrf --dataset {}",
                               training, validation, writer.bytes() / 1000000, output.string())}};
}

}

PipelineCommand prepare_command() {
  return {.verb = "prepare",
          .title = "Write a training set that is read while training, and may exceed memory",
          .parameters = specs_of<PrepareParameters>(),
          .without_files = "it prepares phantoms, or the set of --dataset DIR",
          .run = run};
}

#endif

}
