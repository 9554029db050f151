#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tertium/ops/activation.h"

namespace tertium {

/// Rotary position embedding of one kind of layer.
struct Rope {
  enum class Scaling { none, linear, dynamic, llama3, yarn, longrope };

  double theta = 10000;
  int rotated = 0;           // leading dimensions of a head that are rotated; even
  bool interleaved = false;  // pairs are (2i, 2i + 1), not (i, i + rotated / 2)
  Scaling scaling = Scaling::none;
  double factor = 1;
  double original_context = 0;                       // dynamic, llama3, yarn, longrope: the context before scaling
  double low_freq_factor = 1, high_freq_factor = 4;  // llama3
  double beta_fast = 32, beta_slow = 1;              // yarn
  bool truncate = true;                              // yarn: its ramp begins and ends at whole dimensions
  double attention_factor = 1;                       // multiplies cos and sin: yarn, longrope
  // What the wavelengths of the pairs are multiplied by; [rotated / 2] or empty. longrope: up to original_context
  // positions, and beyond. Where a file stores multipliers instead of a rule (GGUF's rope_freqs.weight), both.
  std::vector<float> short_factors, long_factors;

  /// Sequences up to here share their rotations; those of longer ones depend on the sequence's length.
  bool depends_on_length() const { return scaling == Scaling::dynamic || scaling == Scaling::longrope; }
};

/// The rotation speeds of the pairs of dimensions in a sequence of `length` positions, in radians per position;
/// [rotated / 2]. As transformers computes them for a sequence that a fresh model sees whole, in f32.
std::vector<float> inverse_frequencies(const Rope& rope, int length);

/// How one block attends, and what kind of MLP it has.
struct Layer {
  static constexpr int kNoRope = -1;
  int window = 0;  // a row sees itself and the `window` - 1 rows before it; 0: all before it
  int rope = 0;    // index into Config::ropes, or kNoRope
  bool experts = false;
};

enum class Norm {
  rms,   // divided by the root mean square
  mean,  // LayerNorm: the mean is subtracted first
};

/// What q and k are normalised over before the rotation.
enum class QkNorm {
  none,
  head,      // each head, with one weight [head_dim] for all
  own_head,  // each head, with its own weight: [heads, head_dim]
  whole,     // all heads together: [heads * head_dim]
};

/// Vectors of positions that are added to the embeddings.
enum class Positions { none, learned, sinusoidal };

/// Which of a family's weights have a bias beside them.
struct Biases {
  bool norm = false;
  bool qkv = false;
  bool attn_output = false;
  bool mlp = false;
};

/// A mixture of experts: each row passes the `per_row` experts that its router finds likeliest.
struct Experts {
  int count = 0;
  int per_row = 0;
  int width = 0;             // of one expert's MLP
  bool renormalized = true;  // the chosen experts' probabilities are made to sum to 1
};

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
  Experts experts;
  Biases biases;

  Activation activation = Activation::silu;
  Norm norm = Norm::rms;
  double norm_eps = 1e-6;
  bool norm_adds_one = false;  // the stored norm weight w means 1 + w
  QkNorm qk_norm = QkNorm::none;
  bool parallel = false;  // attention and MLP both read the stream that enters the block; there is no resid_mid
  Positions positions = Positions::none;
  bool alibi = false;  // attention falls off linearly with distance, instead of rotations

  double embedding_scale = 1;            // multiplies the embeddings
  double attention_scale = 0;            // multiplies q·k
  double attention_softcap = 0;          // c: q·k becomes c tanh(q·k / c); 0: none
  double residual_scale = 1;             // multiplies what attention and MLP add
  double logit_scale = 1;                // multiplies the logits
  double logit_softcap = 0;              // as attention_softcap, of the scaled logits
  bool tied = false;                     // the output head is the embedding matrix
  std::string stored_dtype;              // as the file names it, for `auto` and `inspect`
  std::vector<std::int32_t> end_tokens;  // with which a text or a turn ends

  /// Whether some rope turns all rows of a sequence by its length, so that no two of different lengths share rows.
  bool turns_by_length() const {
    return std::any_of(ropes.begin(), ropes.end(), [](const Rope& rope) { return rope.depends_on_length(); });
  }
  int block_count() const { return static_cast<int>(layers.size()); }
};

}  // namespace tertium
