#include "pipelines/lung_ultrasound/trainer.h"

#ifdef SENSORIUM_HAS_LEARN

#include "modules/core/error.h"
#include "modules/core/parallel.h"
#include "modules/core/random.h"
#include "modules/learn/onnx_file.h"
#include "pipelines/lung_ultrasound/phantom.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace sensorium::lung_ultrasound {
namespace {

double bilinear(const Picture& picture, int side, double x, double y) {
  x = std::clamp(x, 0.0, side - 1.001);
  y = std::clamp(y, 0.0, side - 1.001);
  const int ix = static_cast<int>(x), iy = static_cast<int>(y);
  const double u = x - ix, v = y - iy;
  const std::uint8_t* p = picture.data() + static_cast<std::size_t>(iy) * side + ix;
  return ((p[0] * (1 - u) + p[1] * u) * (1 - v) + (p[side] * (1 - u) + p[side + 1] * u) * v) / 255;
}

void blank_rectangle(std::vector<float>& values, int side, Random& random) {
  const int w = random.below(side / 3) + 1, h = random.below(side / 3) + 1;
  const int x0 = random.below(side - w), y0 = random.below(side - h);
  for (int y = y0; y < y0 + h; ++y)
    std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(y) * side + x0, w, 0.2f);
}

// Another gain, contrast, depth, width and side of the same picture.
std::vector<float> varied(const Picture& picture, int side, double strength, Random random) {
  const double wide = 1 - 0.3 * strength * random.uniform(),
               deep = 1 - 0.35 * strength * random.uniform();
  const double left = random.uniform(0, 1 - wide) * side,
               top = 0.25 * random.uniform(0, 1 - deep) * side;
  const bool flip = random.chance(0.5);
  const double gamma = std::exp2(strength * random.uniform(-0.7, 0.7));
  const double gain = 1 + 0.25 * strength * random.uniform(-1, 1);
  const double noise = 0.12 * strength * random.uniform();
  std::vector<float> out;
  out.reserve(picture.size());
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const double across = flip ? side - 1 - x : x;
      const double value = bilinear(picture, side, left + across * wide, top + y * deep);
      out.push_back(static_cast<float>(
          std::clamp(gain * std::pow(value, gamma) * (1 + noise * random.normal()), 0.0, 1.0)));
    }
  if (random.chance(0.5 * strength)) blank_rectangle(out, side, random);
  return out;
}

// Entries are pairs of class and group; a group with one picture comes as often as one with many.
class Balanced : public SampleSource {
public:
  Balanced(const std::vector<Example>& examples, int side, double strength)
      : examples_(examples), side_(side), strength_(strength) {
    std::map<int, std::map<std::string, std::vector<std::size_t>>> classes;
    for (std::size_t i = 0; i < examples.size(); ++i)
      classes[examples[i].label][examples[i].group].push_back(i);
    std::size_t most = 0;
    for (const auto& [label, groups] : classes) most = std::max(most, groups.size());
    for (const auto& [label, groups] : classes) {
      const auto n = static_cast<double>(groups.size());
      const auto wanted =
          static_cast<std::size_t>(std::ceil(std::sqrt(n * static_cast<double>(most))));
      auto at = groups.begin();
      for (std::size_t made = 0; made < std::max(wanted, groups.size()); ++made) {
        entries_.push_back(at->second);
        if (++at == groups.end()) at = groups.begin();
      }
    }
  }
  std::size_t size() const override { return entries_.size(); }
  std::string group(std::size_t index) const override {
    return examples_[entries_.at(index).front()].group;
  }
  Sample get(std::size_t index, std::uint64_t seed) const override {
    Random random(random_key({seed, index, 11}));
    const auto& entry = entries_.at(index);
    const Example& e = examples_[seed == 0 ? entry.front()
                                           : entry[static_cast<std::size_t>(
                                                 random.below(static_cast<int>(entry.size())))]];
    Sample out{{{1, side_, side_}, {}}, {{1}, {static_cast<float>(e.label)}}, {}};
    if (seed == 0 || strength_ == 0)
      for (const std::uint8_t v : *e.picture)
        out.input.values.push_back(static_cast<float>(v) / 255);
    else
      out.input.values = varied(*e.picture, side_, strength_, random);
    return out;
  }

private:
  const std::vector<Example>& examples_;
  int side_;
  double strength_;
  std::vector<std::vector<std::size_t>> entries_;
};

struct PhantomPictures {
  std::vector<SmallClip> clips;
  std::vector<Example> training, check;
};

// Clips of the phantom with small pictures; the last tenth is looked at after the training.
PhantomPictures phantom_pictures(const TrainerOptions& o, std::uint64_t seed,
                                 const Context& context) {
  PhantomPictures out;
  const auto count = static_cast<std::size_t>(o.phantoms);
  out.clips.resize(count);
  std::vector<std::vector<int>> scores(count);
  std::atomic<int> done = 0;
  parallel_for(o.phantoms, context.thread_count(), [&](int i) {
    PhantomOptions p;
    p.seed = static_cast<int>(seed * 100000) + i + 1;
    p.frames = 4;
    p.frame_rate = 2;
    Random random(random_key({seed, static_cast<std::uint64_t>(i), 21}));
    if (random.chance(0.4)) p.probe = "linear";
    if (random.chance(0.2)) p.effusion_mm = random.uniform(5, 20);
    const LungPhantom phantom = make_phantom(p);
    const auto k = static_cast<std::size_t>(i);
    out.clips[k] = small_clip(Dataset(phantom.video), p.frames, o.side);
    for (const PhantomFrame& f : phantom.frames) scores[k].push_back(f.score);
    context.step(++done / static_cast<double>(o.phantoms), "phantoms");
  });
  for (std::size_t k = 0; k < count; ++k)
    for (std::size_t f = 0; f < out.clips[k].pictures.size(); ++f)
      (k % 10 == 9 ? out.check : out.training)
          .push_back({&out.clips[k].pictures[f], scores[k][f], fmt::format("phantom {}", k)});
  return out;
}

const Node& maker_of(const Graph& graph, const std::string& value, const char* op) {
  for (const Node& node : graph.nodes)
    if (!node.outputs.empty() && node.outputs[0] == value && node.op == op) return node;
  throw Error(ErrorCode::Internal, fmt::format("the network does not end in a {}", op));
}

// The last layer: what the output is a name for.
const Node& head_of(const Graph& graph) {
  std::string value = graph.outputs.at(0).name;
  for (const Node& node : graph.nodes)
    if (!node.outputs.empty() && node.outputs[0] == value && node.op == "Identity")
      value = node.inputs.at(0);
  return maker_of(graph, value, "Gemm");
}

}

void describe(ParameterVisitor& v, TrainerOptions& o) {
  v.integer(
      "side", o.side,
      {.help = "Of the pictures that the network takes.", .unit = "px", .min = 16, .max = 256});
  v.integer("pictures", o.pictures,
            {.help = "Frames taken of each clip, evenly spread.", .min = 1, .max = 200});
  v.text("widths", o.widths, {.help = "Channels of each stage of the residual network."});
  v.integer("blocks", o.blocks, {.help = "Residual blocks of a stage.", .min = 1, .max = 8});
  v.choice("norm", o.norm, {"batch", "group", "instance"}, {.help = "Normalisation layers."});
  v.integer("steps", o.steps, {.help = "Steps on labelled clips.", .min = 1, .max = 1000000});
  v.number("learning_rate", o.learning_rate, {.help = "At its greatest.", .min = 1e-7, .max = 1});
  v.number("weight_decay", o.weight_decay, {.help = "Of AdamW.", .min = 0, .max = 1});
  v.integer("batch_size", o.batch_size, {.help = "Pictures a step.", .min = 2, .max = 4096});
  v.number("augmentation", o.augmentation,
           {.help = "How much gain, contrast, depth, width and noise of a picture are varied.",
            .min = 0,
            .max = 1});
  v.integer("phantoms", o.phantoms,
            {.help = "Phantom clips on which the network is trained first; 0: none.",
             .min = 0,
             .max = 100000});
  v.integer("phantom_steps", o.phantom_steps,
            {.help = "Steps on phantoms.", .min = 1, .max = 1000000});
}

Graph untrained_network(const TrainerOptions& o, int classes, std::uint64_t seed) {
  Graph graph = build_resnet({.in_channels = 1,
                              .classes = classes,
                              .widths = o.widths,
                              .blocks_per_stage = o.blocks,
                              .norm = o.norm,
                              .activation = "relu"},
                             seed);
  const std::string input = graph.inputs.at(0).name, normal = "picture.normal";
  for (Node& node : graph.nodes)
    for (std::string& name : node.inputs)
      if (name == input) name = normal;
  graph.initializers["picture.scale"] = HostTensor::floats({1}, {1});
  graph.initializers["picture.shift"] = HostTensor::floats({1}, {0});
  Node first{.op = "InstanceNormalization", .name = "picture.norm"};
  first.inputs = {input, "picture.scale", "picture.shift"};
  first.outputs = {normal};
  first.attributes["epsilon"] = 1e-4f;
  graph.nodes.insert(graph.nodes.begin(), first);
  graph.inputs[0].dims = {-1, 1, o.side, o.side};
  graph.inputs[0].dim_names = {"batch", "", "", ""};
  return graph;
}

Graph train_network(const Graph& start, const std::vector<Example>& training,
                    const std::vector<Example>& check, const TrainerOptions& o, std::uint64_t seed,
                    const std::filesystem::path& folder, const Context& context) {
  TrainingOptions t;
  t.loss = "cross_entropy";
  t.learning_rate = o.learning_rate;
  t.weight_decay = o.weight_decay;
  t.schedule = "one_cycle";
  t.batch_size = o.batch_size;
  t.steps = o.steps;
  t.validate_every = o.steps;
  t.checkpoint_every = std::max(1, o.steps / 2);
  t.keep_checkpoints = 1;
  t.seed = static_cast<int>(seed);
  t.threads = context.threads;
  const Balanced in(training, o.side, o.augmentation), after(check, o.side, 0);
  return read_onnx(train(start, in, after, t, folder, context).last);
}

Graph first_network(const TrainerOptions& o, int classes, std::uint64_t seed,
                    const std::filesystem::path& folder, const Context& context) {
  const Graph fresh = untrained_network(o, classes, seed);
  if (o.phantoms == 0) return fresh;
  const PhantomPictures phantoms = phantom_pictures(o, seed, context.part(0, 0.4));
  TrainerOptions on_phantoms = o;
  on_phantoms.steps = o.phantom_steps;
  Graph graph = train_network(untrained_network(o, 4, seed), phantoms.training, phantoms.check,
                              on_phantoms, seed, folder, context.part(0.4, 1));
  Graph out = fresh;
  const Node& head = head_of(fresh);
  for (auto& [name, tensor] : out.initializers)
    if (name != head.inputs[1] && name != head.inputs[2])
      if (const auto found = graph.initializers.find(name); found != graph.initializers.end())
        tensor = found->second;
  return out;
}

std::vector<std::vector<float>> logits_of(const Graph& graph,
                                          const std::vector<const Picture*>& pictures, int side) {
  Model model = Model::from_graph(graph);
  std::vector<std::vector<float>> out;
  for (std::size_t from = 0; from < pictures.size(); from += 32) {
    const std::size_t n = std::min<std::size_t>(32, pictures.size() - from);
    Tensor in{{static_cast<std::int64_t>(n), 1, side, side}, {}};
    for (std::size_t i = 0; i < n; ++i)
      for (const std::uint8_t v : *pictures[from + i])
        in.values.push_back(static_cast<float>(v) / 255);
    const Tensor made = model.run(in);
    const std::size_t classes = made.values.size() / n;
    for (std::size_t i = 0; i < n; ++i)
      out.emplace_back(made.values.begin() + static_cast<std::ptrdiff_t>(i * classes),
                       made.values.begin() + static_cast<std::ptrdiff_t>((i + 1) * classes));
  }
  return out;
}

Graph with_maps(Graph graph, double temperature) {
  const std::string logits = graph.outputs.at(0).name;
  const Node head = head_of(graph);
  const Node flat = maker_of(graph, head.inputs.at(0), "Flatten");
  const Node pool = maker_of(graph, flat.inputs.at(0), "GlobalAveragePool");
  HostTensor &weight = graph.initializers.at(head.inputs.at(1)),
             &bias = graph.initializers.at(head.inputs.at(2));
  if (weight.shape.size() != 2 || head.integer("transB", 0) != 1)
    throw Error(ErrorCode::Internal, "the network's last layer has an unknown layout");
  for (HostTensor* t : {&weight, &bias})
    for (float& value : t->as<float>()) value = static_cast<float>(value / temperature);
  const std::int64_t classes = weight.shape[0];
  weight.shape = {classes, weight.shape[1], 1, 1};
  std::erase_if(graph.nodes, [&](const Node& n) {
    return n.outputs == head.outputs || n.outputs == flat.outputs || n.outputs == pool.outputs ||
           (n.op == "Identity" && n.outputs.at(0) == logits);
  });
  Node map{.op = "Conv", .name = "maps"};
  map.inputs = {pool.inputs.at(0), head.inputs.at(1), head.inputs.at(2)};
  map.outputs = {"maps"};
  map.attributes["kernel_shape"] = std::vector<std::int64_t>{1, 1};
  Node mean{.op = "GlobalAveragePool", .name = "mean"};
  mean.inputs = {"maps"};
  mean.outputs = {"maps.mean"};
  Node row{.op = "Flatten", .name = "row"};
  row.inputs = {"maps.mean"};
  row.outputs = {"logits"};
  row.attributes["axis"] = std::int64_t{1};
  graph.nodes.insert(graph.nodes.end(), {map, mean, row});
  ValueInfo out = graph.outputs[0], maps;
  out.name = "logits";
  maps.name = "maps";
  maps.dims = {-1, classes, -1, -1};
  maps.dim_names = {"batch", "", "rows", "columns"};
  graph.outputs = {out, maps};
  check(graph, "the network with its maps");
  return graph;
}

double best_temperature(const std::function<double(double)>& cross_entropy) {
  double best = 1, least = cross_entropy(1);
  for (double t = 0.1; t <= 10; t *= 1.05)
    if (const double value = cross_entropy(t); value < least) least = value, best = t;
  return best;
}

std::vector<double> softmax_of(const std::vector<float>& logits, double temperature) {
  const double most = *std::max_element(logits.begin(), logits.end());
  std::vector<double> out;
  double sum = 0;
  for (const float v : logits) out.push_back(std::exp((v - most) / temperature));
  for (const double v : out) sum += v;
  for (double& v : out) v /= sum;
  return out;
}

}

#endif
