#include "pipelines/hs2rgb/learning_parameters.h"

namespace sensorium::hs2rgb {

void describe(ParameterVisitor& v, NetworkParameters& p) {
  v.choice("network", p.network, {"context", "unet"},
           {.help = "The network behind: each pixel with its means over two neighbourhoods and two "
                    "small layers (context), or a residual U-Net."});
  v.integer("width", p.width, {.help = "Of the layers of context.", .min = 2, .max = 1024});
  v.integer("layers", p.layers, {.help = "Of context, before the last.", .min = 0, .max = 8});
  v.integer("encoder", p.encoder,
            {.help = "Hidden units of a small encoder that makes the picture from each pixel and "
                     "the means around it, in place of a 1x1 convolution (0). A comparison uses it "
                     "for its route encoder.",
             .min = 0,
             .max = 1024});
  v.flag("taught", p.taught,
         {.help = "The encoder's units are the classes, as many as there are: a classifier of all "
                  "bands learns first, and its shares weigh the colours; then the network behind "
                  "learns. Otherwise all is learned through the picture.",
          .before = "false"});
  v.number("dropout", p.dropout,
           {.help = "Share of the channels that each layer of context does without, in training.",
            .min = 0,
            .max = 0.95});
  v.flag("whiten", p.whiten,
         {.help = "Train on directions of equal spread instead of bands: faint differences are "
                  "learned as fast as brightness. The network that is written takes bands."});
  v.number("floor", p.floor,
           {.help = "Of whiten: directions with less than this share of the mean variance stay "
                    "faint.",
            .min = 0,
            .max = 10});
  v.text("widths", p.widths, {.help = "Channels of each level of the U-Net, with commas."});
  v.text("backbone", p.backbone,
         {.help =
              "An ONNX network of your own to stand behind the RGB instead: it takes one picture "
              "of three channels and gives values for each pixel."});
  v.choice("start", p.start, {"cie", "pca"},
           {.help = "Where the learned RGB starts: the colour a person sees, or three principal "
                    "components."});
  v.integer("steps", p.steps, {.help = "Training steps.", .min = 1, .max = 1000000});
  v.number("learning_rate", p.learning_rate, {.help = "Greatest rate.", .min = 1e-7, .max = 1});
  v.number("weight_decay", p.weight_decay, {.help = "Weight decay.", .min = 0, .max = 1});
  v.number("jitter", p.jitter,
           {.help = "Each band's gain varies by so much from view to view.", .min = 0, .max = 1});
  v.integer(
      "views", p.views,
      {.help = "Turned and mirrored views whose probabilities are averaged.", .min = 1, .max = 8});
  v.integer("seed", p.seed, {.help = "Of splits, weights and views.", .min = 0});
  v.integer("threads", p.threads, {.help = "Of training; 0: all.", .min = 0, .max = 256});
}

void describe(ParameterVisitor& v, TrainParameters& p) {
  v.text("labels", p.labels,
         {.help =
              "Maps of classes, one for each cube in their order, with commas: whole numbers, 0 "
              "for none (ENVI, npy, ERDAS GIS)."});
  v.text("classes", p.classes, {.help = "Names of the classes from 1 on, with commas."});
  v.integer("block", p.block,
            {.help = "Side of the squares that go to training or to test as a whole.",
             .unit = "px",
             .min = 2,
             .max = 4096});
  v.number("test_percent", p.test_percent,
           {.help = "Labels kept back for the card's figures.", .unit = "%", .min = 1, .max = 90});
  v.flag("pictures", p.pictures,
         {.help =
              "Train the network behind alone, on the pictures that --start gives, and write it "
              "as backbone.onnx, to stand behind other cubes with --backbone."});
  describe(v, p.network);
}

void describe(ParameterVisitor& v, EvaluateParameters& p) {
  v.text("labels", p.labels,
         {.help = "Map of classes: whole numbers, 0 for none (ENVI, npy, ERDAS GIS)."});
  v.text("routes", p.routes,
         {.help = "What is compared, with commas: bands, cie, pca, learned, learned_cie, encoder, "
                  "all, svm, svm_means."});
  v.text("percents", p.percents,
         {.help = "Shares of the training labels, in percent, with commas."});
  v.integer("splits", p.splits,
            {.help = "Splits with all training labels.", .min = 1, .max = 1000});
  v.integer("part_splits", p.part_splits,
            {.help = "Splits with a share of the training labels.", .min = 1, .max = 1000});
  v.integer("leaking_splits", p.leaking_splits,
            {.help = "Random-pixel splits beside, labelled as leaking, to show the trap.",
             .min = 0,
             .max = 1000});
  v.choice("split", p.split, {"blocks", "pixels"},
           {.help = "Whole squares on one side, or single pixels (leaks: refused unless forced)."});
  v.flag("force_leak", p.force_leak,
         {.help = "Allow split pixels; its figures are labelled as leaking."});
  v.integer("block", p.block,
            {.help = "Side of the squares.", .unit = "px", .min = 2, .max = 4096});
  v.number("train_percent", p.train_percent,
           {.help = "Labels on the training side.", .unit = "%", .min = 1, .max = 95});
  v.integer("channels", p.channels,
            {.help = "Channels that route all brings the bands to.", .min = 3, .max = 256});
  v.integer("majority", p.majority,
            {.help = "Side of the square of the majority vote, a figure of its own.",
             .unit = "px",
             .min = 3,
             .max = 31});
  v.integer("refine", p.refine,
            {.help = "Reach of the smoothing of the classes' probabilities along the edges of the "
                     "first principal component (guided filter), a figure of its own.",
             .unit = "px",
             .min = 1,
             .max = 100});
  v.number("refine_epsilon", p.refine_epsilon,
           {.help = "Of refine: variance of the component (0 to 1) below which a place is flat.",
            .min = 1e-8,
            .max = 10});
  v.integer("away", p.away,
            {.help = "A further figure counts only test pixels with no training pixel within this.",
             .unit = "px",
             .min = 1,
             .max = 100});
  describe(v, p.network);
}

}
