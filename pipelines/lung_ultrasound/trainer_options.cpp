#include "pipelines/lung_ultrasound/trainer_options.h"

namespace sensorium::lung_ultrasound {

void describe(ParameterVisitor& v, TrainerOptions& o) {
  v.choice("network", o.network, {"residual", "vit"},
           {.help = "Frame network: convolutions with shortcuts, or a vision transformer."});
  v.choice("clip_network", o.clip_network, {"none", "attention"},
           {.help = "Attention over the frames of a clip, trained on the frame network's "
                    "features. It is judged beside the rules."});
  v.integer(
      "side", o.side,
      {.help = "Of the pictures that the network takes.", .unit = "px", .min = 16, .max = 256});
  v.integer("pictures", o.pictures,
            {.help = "Frames taken of each clip, evenly spread.", .min = 1, .max = 200});
  v.text("widths", o.widths, {.help = "Channels of each stage of the residual network."});
  v.integer("blocks", o.blocks, {.help = "Residual blocks of a stage.", .min = 1, .max = 8});
  v.choice("norm", o.norm, {"batch", "group", "instance"},
           {.help = "Normalisation layers of the residual network."});
  v.integer("patch", o.patch,
            {.help = "Side of a patch of the vision transformer; divides the picture's side.",
             .unit = "px",
             .min = 2,
             .max = 64});
  v.integer("vit_width", o.vit_width,
            {.help = "Values of each patch in the vision transformer; a multiple of 4.",
             .min = 8,
             .max = 512});
  v.integer("vit_depth", o.vit_depth,
            {.help = "Blocks of the vision transformer.", .min = 1, .max = 24});
  v.integer("steps", o.steps, {.help = "Steps on labelled clips.", .min = 1, .max = 1000000});
  v.integer("clip_steps", o.clip_steps,
            {.help = "Steps of the clip network, after those.", .min = 1, .max = 1000000});
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
  v.integer("self_steps", o.self_steps,
            {.help = "Steps of self-supervision before the labels: which way up a picture is; 0: "
                     "none.",
             .min = 0,
             .max = 1000000});
}

}
