#include "tertium/protocols/protocol.h"

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr std::string_view kPerCharacter = "loglik:norm", kPerByte = "loglik:bytes";

}  // namespace

std::string_view to_string(Protocol protocol) { return protocol == Protocol::loglik ? "loglik" : "letters"; }

Protocol protocol_named(std::string_view name) {
  if (name == "loglik" || name == kPerCharacter || name == kPerByte) return Protocol::loglik;
  if (name == "letters") return Protocol::letters;
  fail("protocol \"{}\": tertium knows loglik, {}, {}, letters", printable(name), kPerCharacter, kPerByte);
}

std::string_view accuracy_name(ScoreRule rule) {
  return rule == ScoreRule::sum ? "acc" : rule == ScoreRule::per_character ? "acc_norm" : "acc_bytes";
}

std::string protocol_name(Protocol protocol, ScoreRule rule) {
  if (protocol == Protocol::letters || rule == ScoreRule::sum) return std::string(to_string(protocol));
  return std::string(rule == ScoreRule::per_character ? kPerCharacter : kPerByte);
}

ScoreRule score_rule_of(std::string_view protocol_name) {
  return protocol_name == kPerCharacter ? ScoreRule::per_character
         : protocol_name == kPerByte    ? ScoreRule::per_byte
                                        : ScoreRule::sum;
}

}  // namespace tertium
