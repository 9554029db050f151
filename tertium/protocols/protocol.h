#pragma once

#include <string_view>

namespace tertium {

/// How an answer is read (docs/methods.md, section 2): `loglik` sums the log-probabilities of each option's tokens
/// after the context, `letters` compares the logits of the options' letters behind one prompt.
enum class Protocol { loglik, letters };
std::string_view to_string(Protocol protocol);
/// Throws Error listing the known ones.
Protocol protocol_named(std::string_view name);

}  // namespace tertium
