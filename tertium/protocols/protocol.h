#pragma once

#include <string>
#include <string_view>

namespace tertium {

/// How an answer is read (docs/methods.md, section 2): `loglik` sums the log-probabilities of each option's tokens
/// after the context, `letters` compares the logits of the options' letters behind one prompt.
enum class Protocol { loglik, letters };
std::string_view to_string(Protocol protocol);
/// Also of a name with its rule. Throws Error listing the known ones.
Protocol protocol_named(std::string_view name);

/// Which number of an option decides in loglik: the sum itself, or the sum by the length of the option's text. They are
/// lm-evaluation-harness's acc, acc_norm and acc_bytes.
enum class ScoreRule { sum, per_character, per_byte };
/// "acc", "acc_norm", "acc_bytes".
std::string_view accuracy_name(ScoreRule rule);

/// A protocol and its rule, as experiment files and results name them together: "loglik", "loglik:norm",
/// "loglik:bytes", "letters". Results may go on behind that ("letters:QZRX"), which says no rule.
std::string protocol_name(Protocol protocol, ScoreRule rule);
ScoreRule score_rule_of(std::string_view protocol_name);

}  // namespace tertium
