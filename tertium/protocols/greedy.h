#pragma once

#include <functional>
#include <vector>

#include "tertium/tokenizer/tokenizer.h"

namespace tertium {

class Engine;

/// Continues a prompt by the likeliest token (the first of equals), `count` times or until one of the model's end
/// tokens, which is not part of what is returned. `each` is called with all that is there so far. Computes the whole
/// sequence anew for every token: this is for looking at a model, not for serving it.
std::vector<TokenId> continue_greedily(const Engine& engine, const std::vector<TokenId>& prompt, int count,
                                       const std::function<void(const std::vector<TokenId>&)>& each = {});

}  // namespace tertium
