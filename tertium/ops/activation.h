#pragma once

namespace tertium {

enum class Activation { silu, gelu, gelu_tanh, relu, xielu };

/// xIELU's four numbers, of one block.
struct Xielu {
  double positive = 0, negative = 0;  // the weight of the curve on either side of 0
  double slope = 0;                   // of the straight part
  double nearest = 0;                 // the negative side's exponential ends here, just below 0
};

/// What a gated or plain MLP does to its inner numbers.
struct Curve {
  Activation activation = Activation::silu;
  Xielu xielu;  // of that activation
};

}  // namespace tertium
