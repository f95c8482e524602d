// Bands turned into directions of equal spread. Neighbouring bands are so alike that training on
// them follows brightness and hardly reaches the faint differences that tell materials apart;
// whitened, it reaches all directions as fast. A linear step: it is folded into the mix behind it,
// and no network that is written holds it.
#pragma once

#include "hyperspectral/scene_network.h"

#include <cstdint>
#include <span>
#include <vector>

namespace sensorium::hyper {

struct Planes;

struct Whitening {
  int bands = 0;
  // [direction][band] and [band][direction], as many directions as bands: from x to = 1.
  std::vector<float> to, from;
};

// Of standardised planes, over the usable pixels that are chosen: principal directions within the
// classes (the values of chosen; 0 is not chosen; with 1 alone: over all), each divided by the root
// of its variance plus `floor` times the mean variance. What is fainter than the floor stays faint.
// Throws Error BadInput where nothing is chosen.
Whitening whitening_of(std::span<const Planes* const> standardised,
                       std::span<const std::vector<std::uint8_t>* const> chosen, double floor);
// Standardised to whitened; what is not usable stays 0.
void whiten(Planes& standardised, const Whitening& whitening);

// A network whose mix takes standardised bands, for whitened ones, and the reverse: the same
// answers.
Graph for_whitened(Graph graph, const Whitening& whitening);
Graph for_unwhitened(Graph graph, const Whitening& whitening);

}
