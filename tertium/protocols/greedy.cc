#include "tertium/protocols/greedy.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/engine/engine.h"
#include "tertium/model/config.h"

namespace tertium {

std::vector<TokenId> continue_greedily(const Engine& engine, const std::vector<TokenId>& prompt, int count,
                                       const std::function<void(const std::vector<TokenId>&)>& each) {
  const Config& config = engine.model().config();
  if (prompt.empty()) fail("the prompt has no tokens; give some text");
  if (static_cast<std::int64_t>(prompt.size()) + count > config.context)
    fail("the prompt's {} tokens and {} more exceed the model's context of {}; shorten the prompt or ask for fewer",
         prompt.size(), count, config.context);
  std::vector<TokenId> ids = prompt, made;
  while (static_cast<int>(made.size()) < count) {
    const int last = static_cast<int>(ids.size()) - 1;
    const JobResult result = engine.run(
        Job{.name = "the prompt", .strands = {{.tokens = ids}}, .readings = {{0, last, Readout::logits, {}}}});
    const std::vector<float>& logits = result.readings[0];
    const auto next = static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    if (std::find(config.end_tokens.begin(), config.end_tokens.end(), next) != config.end_tokens.end()) break;
    ids.push_back(next);
    made.push_back(next);
    if (each) each(made);
  }
  return made;
}

}  // namespace tertium
