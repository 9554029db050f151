#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

/// How the states of a sentence's tokens become the one that is aligned.
enum class SentenceState { mean, last };

/// How the learning rate falls once it has risen.
enum class Schedule { inverse_sqrt, cosine, constant };

/// What an adapter is trained by (docs/training.md).
enum class Method { aligned, task_only, shuffled_pairs };
std::string_view to_string(Method method);

/// The contrastive loss of a batch of B pairs at one layer: with s_ij = cos(a_j, b_i) / temperature of the states a_j of
/// language X and b_i of the pivot, -1/B sum_j log softmax_i(s_ij)[i = j].
struct AlignmentSpec {
  int layer = 1;  // the stream index
  SentenceState state = SentenceState::mean;
  double temperature = 0.1;
  bool both_directions = false;  // the mean of that and of the same with a and b exchanged
  bool gradient_to_x_only = false;
};

/// AdamW's settings, and how the learning rate goes.
struct OptimizerSpec {
  double rate = 5e-4;  // the highest
  Schedule schedule = Schedule::inverse_sqrt;
  double warm_up = 0.03;  // a share of the steps, in which the rate rises
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double decay = 0;
  double clip = 1;  // the longest gradient of all factors together; 0: any
};

/// The learning rate of a step, from 0.
double rate_at(const OptimizerSpec& spec, int step, int steps);

/// Everything that decides a training, but for data and model.
struct TrainSpec {
  int rank = 8;
  double alpha = 16;
  double dropout = 0;
  std::vector<std::string> targets;  // the last parts of modules' names; empty: every matrix of the blocks
  AlignmentSpec alignment;
  OptimizerSpec optimizer;
  int steps = 200;
  int batch = 8;       // pairs, or texts
  int accumulate = 1;  // batches of a step; task and alignment take turns, the task first
  std::uint64_t seed = 42;
  int evaluate_every = 20;
  int patience = 0;  // evaluations without improvement that end it; 0: never
  bool stop_by_mexa = false;
  std::string dtype = "f32";  // of the model's own weights and products: f32 or bf16; all else is f32
  bool recompute = false;  // activations, block by block, instead of keeping them
};

}  // namespace tertium
