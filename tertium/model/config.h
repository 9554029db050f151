#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tertium {

/// Rotary position embedding of one kind of layer.
struct Rope {
  double theta = 10000;
  enum class Scaling { none, linear, llama3 } scaling = Scaling::none;
  double factor = 1;
  double low_freq_factor = 1, high_freq_factor = 4;  // llama3
  double original_context = 0;                       // llama3: the context before scaling
  // Where a file stores the frequencies' divisors instead of a rule (GGUF's rope_freqs.weight); one per pair of
  // dimensions.
  std::vector<float> divisors;
};

/// The rotation speeds of the pairs of dimensions, in radians per position; [head_dim / 2]. As transformers computes
/// them, in f32.
std::vector<float> inverse_frequencies(const Rope& rope, int head_dim);

/// How one block attends.
struct Layer {
  int window = 0;  // a row sees itself and the `window` - 1 rows before it; 0: all before it
  int rope = 0;    // index into Config::ropes
};

enum class Activation { silu, gelu, gelu_tanh };

/// What a decoder is, whatever file it came from. Families fill it; the block equations read it.
struct Config {
  std::string family;
  int hidden = 0;    // D, the stream's width
  int heads = 0;     // H
  int kv_heads = 0;  // H / kv_heads query heads share one key and value head
  int head_dim = 0;
  int mlp = 0;         // the MLP's inner width
  int vocabulary = 0;  // V
  int context = 0;     // the longest sequence
  std::vector<Layer> layers;
  std::vector<Rope> ropes;
  Activation activation = Activation::silu;
  double norm_eps = 1e-6;
  bool norm_adds_one = false;  // the stored norm weight w means 1 + w
  double attention_scale = 0;  // multiplies q·k
  double embedding_scale = 1;  // multiplies the embeddings
  bool tied = false;           // the output head is the embedding matrix
  std::string stored_dtype;    // as the file names it, for `auto` and `inspect`

  int block_count() const { return static_cast<int>(layers.size()); }
};

}  // namespace tertium
