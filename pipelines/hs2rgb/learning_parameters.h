// What a user can choose about training a learned RGB and comparing it with others.
#pragma once

#include "modules/core/parameters.h"

#include <string>

namespace sensorium::hs2rgb {

struct NetworkParameters {
  std::string network = "context";
  int width = 64, layers = 2;
  int encoder = 0;    // hidden units; 0: a 1x1 convolution
  bool taught = true; // the units are the classes
  double dropout = 0.1;
  bool whiten = true;
  double floor = 1e-3;
  std::string widths = "16,32,48";
  std::string backbone;
  std::string start = "cie";
  int steps = 200;
  double learning_rate = 1e-2, weight_decay = 0.01, jitter = 0;
  int views = 8, seed = 1, threads = 1;
};
void describe(ParameterVisitor& v, NetworkParameters& p);

struct TrainParameters {
  std::string labels, classes;
  int block = 12;
  double test_percent = 25;
  bool pictures = false; // the network behind alone
  NetworkParameters network;
};
void describe(ParameterVisitor& v, TrainParameters& p);

struct EvaluateParameters {
  std::string labels;
  std::string routes = "bands,cie,pca,learned,encoder,all,svm,svm_means";
  std::string percents = "100,25,10,5";
  int splits = 10, part_splits = 10, leaking_splits = 1;
  std::string split = "blocks";
  bool force_leak = false;
  int block = 12;
  double train_percent = 30;
  int channels = 48, majority = 7, refine = 5, away = 5;
  double refine_epsilon = 0.01;
  NetworkParameters network{.encoder = 64, .start = "pca"};
};
void describe(ParameterVisitor& v, EvaluateParameters& p);

}
